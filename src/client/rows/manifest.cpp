// The text manifest_json of system.manifest, read without allocating: JSON as RFC 8259 has it, with bounds on whatever
// a server could make large. Members that are not known are read over; one that is needed must be there, once.
#include <limits>
#include <string_view>

#include "client/api.h"
#include "client/rows/json_scanner.h"

namespace kalam {
namespace {

constexpr size_t kMaxBytes = size_t{16} * 1024 * 1024;
constexpr uint32_t kMaxSegments = 100000;

enum Member : uint8_t { kTableId, kUserId, kVersion, kCreatedAt, kUpdatedAt, kSegments, kDocumentMembers };
constexpr std::string_view kDocumentNames[] = {"table_id",   "user_id",    "version",
                                               "created_at", "updated_at", "segments"};

enum SegmentMember : uint8_t { kMinSeq, kMaxSeq, kRowCount, kStatus, kSegmentMembers };
constexpr std::string_view kSegmentNames[] = {"min_seq", "max_seq", "row_count", "status"};

// Which of the names an object has, to find one that comes twice or not at all.
class Names {
 public:
  Names(const std::string_view* names, int count) : names_(names), count_(count) {}

  // Index of the name; `count` for one that is not known, -1 for one that was there before.
  int note(std::string_view name) {
    for (int i = 0; i < count_; i++) {
      if (name != names_[i]) continue;
      if ((seen_ & 1U << i) != 0) return -1;
      seen_ |= 1U << i;
      return i;
    }
    return count_;
  }
  bool all() const { return seen_ == (1U << count_) - 1; }

 private:
  const std::string_view* names_;
  int count_;
  uint32_t seen_ = 0;
};

bool read_count(JsonScanner* json, int64_t* value) {
  return json->integer(value) && *value >= 0;
}

bool read_equal(JsonScanner* json, std::string_view expected) {
  bool equal = false;
  return json->string(expected, &equal) && equal;
}

bool read_segment(JsonScanner* json, Manifest* manifest) {
  Names names(kSegmentNames, kSegmentMembers);
  int64_t lowest = 0;
  int64_t highest = 0;
  int64_t rows = 0;
  std::string_view name;
  if (!json->open('{')) return false;
  while (json->next_member(&name)) {
    bool good = false;
    switch (names.note(name)) {
      case kMinSeq:
        good = read_count(json, &lowest);
        break;
      case kMaxSeq:
        good = read_count(json, &highest);
        break;
      case kRowCount:
        good = read_count(json, &rows);
        break;
      case kStatus:
        good = read_equal(json, "committed");
        break;
      case kSegmentMembers:
        good = json->skip();
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  if (json->failed() || !names.all() || lowest > highest) return false;
  if (rows > std::numeric_limits<int64_t>::max() - manifest->row_count) return false;
  if (manifest->segment_count == kMaxSegments) return false;
  manifest->row_count += rows;
  manifest->segment_count++;
  if (highest > manifest->max_seq) manifest->max_seq = highest;
  return true;
}

bool read_segments(JsonScanner* json, Manifest* manifest) {
  if (!json->open('[')) return false;
  while (json->next_element()) {
    if (!read_segment(json, manifest)) return false;
  }
  return !json->failed();
}

bool read_document(JsonScanner* json, std::string_view table_id, const char* user_id, Manifest* manifest) {
  Names names(kDocumentNames, kDocumentMembers);
  std::string_view name;
  if (!json->open('{')) return false;
  while (json->next_member(&name)) {
    bool good = false;
    switch (names.note(name)) {
      case kTableId:
        good = read_equal(json, table_id);
        break;
      case kUserId:
        good = user_id == nullptr ? json->null() : read_equal(json, user_id);
        break;
      case kVersion:
        good = read_count(json, &manifest->version);
        break;
      case kCreatedAt:
        good = read_count(json, &manifest->created_at_ms);
        break;
      case kUpdatedAt:
        good = read_count(json, &manifest->updated_at_ms);
        break;
      case kSegments:
        good = read_segments(json, manifest);
        break;
      case kDocumentMembers:
        good = json->skip();
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return !json->failed() && names.all() && json->at_end();
}

}  // namespace

bool parse_manifest(const char* text, size_t size, const char* table_id, const char* user_id,
                    Manifest* manifest) noexcept {
  *manifest = {};
  manifest->max_seq = -1;
  if (text == nullptr || size > kMaxBytes) return false;
  JsonScanner json(text, size);
  if (read_document(&json, table_id, user_id, manifest)) return true;
  *manifest = {};
  manifest->max_seq = -1;
  return false;
}

}  // namespace kalam
