#include "raw_stream.h"

namespace kalam::test {
namespace {

using flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<void> write_type(const RawField& field, FlatBufferBuilder* fbb) {
  const auto parameter = static_cast<int32_t>(field.parameter);
  switch (field.type) {
    case ipc::Type::Int:
      return ipc::CreateInt(*fbb, parameter, true).Union();
    case ipc::Type::FixedSizeList:
      return ipc::CreateFixedSizeList(*fbb, parameter).Union();
    case ipc::Type::FixedSizeBinary:
      return ipc::CreateFixedSizeBinary(*fbb, parameter).Union();
    default:
      return ipc::CreateNull(*fbb).Union();  // all tables without fields look the same
  }
}

flatbuffers::Offset<ipc::Field> write_field(const RawField& field, FlatBufferBuilder* fbb) {
  std::vector<flatbuffers::Offset<ipc::Field>> children;
  for (const RawField& child : field.children) children.push_back(write_field(child, fbb));
  const auto name = fbb->CreateString(field.name);
  const auto type = write_type(field, fbb);
  flatbuffers::Offset<ipc::DictionaryEncoding> dictionary = 0;
  if (field.dictionary_id >= 0) {
    dictionary = ipc::CreateDictionaryEncoding(*fbb, field.dictionary_id, ipc::CreateInt(*fbb, 8, true));
  }
  return ipc::CreateField(*fbb, name, true, field.type, type, dictionary, fbb->CreateVector(children));
}

std::string finish(ipc::MessageHeader kind, flatbuffers::Offset<void> header, const std::string& body,
                   FlatBufferBuilder* fbb) {
  fbb->Finish(ipc::CreateMessage(*fbb, ipc::MetadataVersion::V5, kind, header, static_cast<int64_t>(body.size())));
  const uint32_t head[2] = {0xFFFFFFFF, fbb->GetSize()};
  return std::string(reinterpret_cast<const char*>(head), sizeof(head)) +
         std::string(reinterpret_cast<const char*>(fbb->GetBufferPointer()), fbb->GetSize()) + body;
}

flatbuffers::Offset<ipc::RecordBatch> write_batch(const RawBatch& batch, FlatBufferBuilder* fbb) {
  const auto nodes = fbb->CreateVectorOfStructs(batch.nodes);
  const auto buffers = fbb->CreateVectorOfStructs(batch.buffers);
  const auto variadic = fbb->CreateVector(batch.variadic_counts);
  return ipc::CreateRecordBatch(*fbb, batch.rows, nodes, buffers, 0, variadic);
}

}  // namespace

std::string schema_message(const std::vector<RawField>& fields, ipc::Endianness endianness) {
  FlatBufferBuilder fbb;
  std::vector<flatbuffers::Offset<ipc::Field>> offsets;
  for (const RawField& field : fields) offsets.push_back(write_field(field, &fbb));
  const auto schema = ipc::CreateSchema(fbb, endianness, fbb.CreateVector(offsets));
  return finish(ipc::MessageHeader::Schema, schema.Union(), {}, &fbb);
}

std::string batch_message(const RawBatch& batch) {
  FlatBufferBuilder fbb;
  const auto record_batch = write_batch(batch, &fbb);
  return finish(ipc::MessageHeader::RecordBatch, record_batch.Union(), batch.body, &fbb);
}

std::string dictionary_message(int64_t id, const RawBatch& batch, bool is_delta) {
  FlatBufferBuilder fbb;
  const auto values = write_batch(batch, &fbb);
  const auto dictionary = ipc::CreateDictionaryBatch(fbb, id, values, is_delta);
  return finish(ipc::MessageHeader::DictionaryBatch, dictionary.Union(), batch.body, &fbb);
}

}  // namespace kalam::test
