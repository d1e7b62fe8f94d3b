// Answers that no gRPC server would give: whatever a peer says, each call ends with one of the library's errors, the
// process lives, and the connection serves a peer that has come to its senses.
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "conformance/base64.h"
#include "unit/client/client_fixture.h"
#include "unit/client/h2_peer.h"

namespace kalam::test {
namespace {

using Request = H2Peer::Request;
using Bytes = std::function<std::string(const H2Peer&, const Request&)>;

struct Hostile {
  const char* name;
  bool ends_connection;  // the peer closes behind it, since gRPC would wait
  Bytes bytes;
};

std::string message_of(const H2Peer& peer, const Request& request) {
  return grpc_message(peer.message_for(request));
}

std::string data(uint32_t stream, std::string_view bytes, uint8_t flags = 0) {
  return frame(FrameType::data, flags, stream, bytes);
}

// The usual beginning of an answer.
std::string begun(const Request& request) {
  return headers_frame(request.stream, response_headers());
}

std::string trailers(const Request& request, const Headers& headers) {
  return headers_frame(request.stream, headers, kEndHeaders | kEndStream);
}

Headers plus(Headers headers, const Headers& more) {
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

std::string repeated(const std::string& bytes, unsigned times) {
  std::string all;
  for (unsigned i = 0; i < times; i++) all += bytes;
  return all;
}

// Headers and nothing else, which end the stream.
Hostile only(const char* name, const Headers& headers) {
  return {name, false, [=](const H2Peer&, const Request& r) { return trailers(r, headers); }};
}

// A good answer with these trailers.
Hostile ending(const char* name, const Headers& headers) {
  return {name, false, [=](const H2Peer& p, const Request& r) {
            return begun(r) + data(r.stream, message_of(p, r)) + trailers(r, headers);
          }};
}

// A message of these bytes, gRPC's five included.
Hostile message(const char* name, const std::string& bytes) {
  return {name, false, [=](const H2Peer&, const Request& r) {
            return begun(r) + data(r.stream, bytes) + trailers(r, {{"grpc-status", "0"}});
          }};
}

// Frames that a connection does not live through, or that say nothing.
Hostile frames(const char* name, const Bytes& bytes) {
  return {name, true, bytes};
}

std::vector<Hostile> make_answers() {
  const Headers good = {{"grpc-status", "0"}};
  const Headers usual = response_headers();
  std::vector<Hostile> list = {
      // No status, several, and what is none.
      only("HeadersWithoutStatus", usual),
      only("NoContentType", {{":status", "200"}}),
      only("NothingAtAll", {}),
      only("StatusOkWithoutMessage", plus(usual, good)),
      only("Twice", plus(usual, {{"grpc-status", "0"}, {"grpc-status", "13"}})),
      only("StatusOfLetters", plus(usual, {{"grpc-status", "ok"}})),
      only("StatusNegative", plus(usual, {{"grpc-status", "-1"}})),
      only("StatusHuge", plus(usual, {{"grpc-status", "99999999999999999999"}})),
      only("StatusUnknown", plus(usual, {{"grpc-status", "17"}})),
      only("StatusEmpty", plus(usual, {{"grpc-status", ""}})),
      only("StatusWithZeroByte", plus(usual, {{"grpc-status", std::string("1\0003", 3)}})),
      only("OtherContentType", {{":status", "200"}, {"content-type", "text/html"}}),
      only("NotFound", {{":status", "404"}, {"content-type", "text/html"}}),
      only("BadGateway", {{":status", "502"}}),
      only("TooManyRequests", {{":status", "429"}}),
      only("Redirect", {{":status", "302"}, {"location", "http://127.0.0.1:1/"}}),
      only("StatusOfHttpHuge", {{":status", "99999999999999999999"}}),
      only("StatusOfHttpEmpty", {{":status", ""}}),
      only("StatusOfHttpTwice", {{":status", "200"}, {":status", "500"}, {"content-type", "application/grpc"}}),
      only("NoStatusOfHttp", {{"content-type", "application/grpc"}, {"grpc-status", "0"}}),
      only("RequestAsAnswer", {{":method", "POST"}, {":path", "/x"}, {":scheme", "http"}}),
      only("ConnectionHeaders", plus(usual, {{"connection", "close"}, {"transfer-encoding", "chunked"}})),
      only("UppercaseName", plus(usual, {{"GRPC-STATUS", "0"}})),
      only("NameOfControls", plus(usual, {{std::string("a\r\nb\0", 5), "x"}})),
      only("EmptyName", plus(usual, {{"", "x"}})),
      only("MessageHalfEscaped", plus(usual, {{"grpc-status", "13"}, {"grpc-message", "%f%zz%00%"}})),
      only("MessageOfControls", plus(usual, {{"grpc-status", "13"}, {"grpc-message", "\x1b[31m\x9b\x80\xff"}})),
      only("MessageTwice", plus(usual, {{"grpc-status", "13"}, {"grpc-message", "a"}, {"grpc-message", "b"}})),
      only("LongMessage", plus(usual, {{"grpc-status", "13"}, {"grpc-message", std::string(500'000, 'm')}})),
      only("HeadersBeyondTheBound", plus(usual, {{"x", std::string(3'000'000, 'x')}, {"grpc-status", "0"}})),
      only("DetailsThatAreNoBase64", plus(usual, {{"grpc-status", "13"}, {"grpc-status-details-bin", "!!!"}})),
      only("TimeoutInAnAnswer", plus(usual, {{"grpc-timeout", "1n"}, {"grpc-status", "0"}})),
      only("PushbackOfRetries", plus(usual, {{"grpc-status", "14"}, {"grpc-retry-pushback-ms", "0"}})),
      only("PushbackNegative", plus(usual, {{"grpc-status", "14"}, {"grpc-retry-pushback-ms", "-1"}})),
      only("AttemptsInAnAnswer", plus(usual, {{"grpc-previous-rpc-attempts", "4000000000"}, {"grpc-status", "14"}})),
      only("LoadReports", plus(usual, {{"lb-cost-bin", "AA"}, {"lb-token", "x"}, {"grpc-status", "0"}})),
      only("TagsAndTraces", plus(usual, {{"grpc-tags-bin", "!"}, {"grpc-trace-bin", "!"}, {"grpc-status", "0"}})),
      ending("TrailersWithoutStatus", {{"x", "y"}}),
      ending("NoTrailers", {}),
      ending("SecondHeaders", response_headers()),
      ending("TrailersWithStatusTwice", {{"grpc-status", "0"}, {"grpc-status", "0"}}),
      ending("FailureBehindAMessage", {{"grpc-status", "13"}, {"grpc-message", "late"}}),

      // Messages.
      message("EmptyMessage", grpc_message("")),
      message("NoBytes", ""),
      message("PartOfThePrefix", std::string("\0\0\0", 3)),
      message("Truncated", std::string("\0\0\0\0\x20x", 6)),
      message("LargerThanAll", std::string("\0\xff\xff\xff\xff", 5)),
      message("OneByteTooMany", grpc_message("") + "x"),
      message("TwoMessages", grpc_message("") + grpc_message("")),
      message("FlagOfNoMeaning", grpc_message("", 2)),
      message("FlagOfCompression", grpc_message("abc", 1)),
      message("NotProtobuf", grpc_message("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")),
      message("FieldThatIsTooLong", grpc_message("\x0a\xff\xff\xff\xff\x0f")),
      message("Groups", grpc_message(repeated("\x0b", 60'000))),
      message("ManyEntries", grpc_message(repeated(std::string("\x0a\0", 2), 30'000))),
  };
  for (const char* encoding : {"gzip", "deflate", "br", "stream/gzip", "identity,gzip", "", "\xff"}) {
    // A small body of zeros, as gzip has it; under every name.
    static const std::string packed("\x1f\x8b\x08\0\0\0\0\0\x02\x03\x63\xa0\x3d\0\0\xca\x02\x0b\x0b\x64\0\0\0", 23);
    list.push_back({"Compressed", false, [=](const H2Peer&, const Request& r) {
                      return headers_frame(r.stream, plus(response_headers(), {{"grpc-encoding", encoding}})) +
                             data(r.stream, grpc_message(packed, 1)) + trailers(r, {{"grpc-status", "0"}});
                    }});
  }
  for (const char* status : {"100", "101", "103", "199"}) {
    list.push_back({"Informational", false, [=](const H2Peer& p, const Request& r) {
                      return headers_frame(r.stream, {{":status", status}}) + p.well(r).bytes;
                    }});
    list.push_back({"OnlyInformational", true, [=](const H2Peer&, const Request& r) {
                      return repeated(headers_frame(r.stream, {{":status", status}}), 100);
                    }});
  }
  for (uint32_t error = 0; error < 16; error++) {
    list.push_back({"Reset", false, [=](const H2Peer&, const Request& r) { return rst_stream(r.stream, error); }});
    list.push_back({"ResetOfABegunAnswer", false,
                    [=](const H2Peer&, const Request& r) { return begun(r) + rst_stream(r.stream, error); }});
    list.push_back({"ResetBehindAMessage", false, [=](const H2Peer& p, const Request& r) {
                      return begun(r) + data(r.stream, message_of(p, r)) + rst_stream(r.stream, error);
                    }});
    list.push_back({"Goaway", true, [=](const H2Peer&, const Request& r) { return goaway(r.stream, error, "bye"); }});
    list.push_back({"GoawayAll", true, [=](const H2Peer&, const Request&) { return goaway(0, error, "bye"); }});
  }
  for (uint8_t type = 0; type < 16; type++) {
    for (uint32_t size : {0U, 4U, 5U, 16'384U}) {
      list.push_back(frames("AnyFrame", [=](const H2Peer&, const Request& r) {
        return frame(static_cast<FrameType>(type), 0, 0, std::string(size, '\x7f')) +
               frame(static_cast<FrameType>(type), 0xff, r.stream, std::string(size, '\0')) +
               frame(static_cast<FrameType>(type), 0x0c, r.stream + 100, std::string(size, '\xff'));
      }));
    }
  }
  const std::vector<Hostile> more = {
      frames("Silence", [](const H2Peer&, const Request&) { return std::string(); }),
      frames("Text", [](const H2Peer&, const Request&) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\n"); }),
      frames("FrameBeyondTheBound",
             [](const H2Peer&, const Request& r) { return data(r.stream, std::string(20'000, 'x')); }),
      frames("FrameThatIsCutOff",
             [](const H2Peer& p, const Request& r) { return p.well(r).bytes.substr(0, p.well(r).bytes.size() / 2); }),
      frames("DataBeforeHeaders",
             [](const H2Peer& p, const Request& r) { return data(r.stream, message_of(p, r), kEndStream); }),
      frames(
          "DataBehindTheEnd",
          [](const H2Peer& p, const Request& r) { return p.well(r).bytes + data(r.stream, "more") + p.well(r).bytes; }),
      frames("AnswerOfAnotherStream",
             [](const H2Peer& p, const Request& r) { return answer(r.stream + 2, p.message_for(r)); }),
      frames("AnswerOfAnEvenStream",
             [](const H2Peer& p, const Request& r) { return answer(r.stream + 1, p.message_for(r)); }),
      frames("HeadersThatGoOn",
             [](const H2Peer&, const Request& r) {
               return headers_frame(r.stream, response_headers(), 0) +
                      repeated(frame(FrameType::continuation, 0, r.stream, header_block({{"a", "b"}})), 20'000);
             }),
      frames("ContinuationOfAnotherStream",
             [](const H2Peer&, const Request& r) {
               return headers_frame(r.stream, response_headers(), 0) +
                      frame(FrameType::continuation, kEndHeaders, r.stream + 2, header_block({{"a", "b"}}));
             }),
      frames(
          "ContinuationOfNothing",
          [](const H2Peer&, const Request& r) { return frame(FrameType::continuation, kEndHeaders, r.stream, "x"); }),
      frames("DataInsideOfHeaders",
             [](const H2Peer&, const Request& r) {
               return headers_frame(r.stream, response_headers(), 0) + data(r.stream, "x");
             }),
      frames("BlockThatIsNone",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::headers, kEndHeaders | kEndStream, r.stream, std::string(64, '\xff'));
             }),
      frames("IndexBeyondTheTable",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::headers, kEndHeaders | kEndStream, r.stream, "\xff\x80\x01");
             }),
      frames("TableOfHeadersThatGrows",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::headers, kEndHeaders | kEndStream, r.stream, "\x3f\xff\xff\xff\xff\x07\x88");
             }),
      frames("HuffmanThatIsNone",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::headers, kEndHeaders | kEndStream, r.stream,
                            std::string("\x00\x84\xff\xff\xff\xff\x84\xff\xff\xff\xff", 11));
             }),
      frames("PaddingThatIsTooLong",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::data, kPadded, r.stream,
                            "\xff"
                            "abc");
             }),
      frames("PaddedHeaders",
             [](const H2Peer&, const Request& r) { return frame(FrameType::headers, 0x0c, r.stream, "\xff\x88"); }),
      frames("PriorityOfItself",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::headers, 0x24, r.stream, big_endian(r.stream, 4) + "\x01\x88");
             }),
      frames("PushPromise",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::push_promise, kEndHeaders, r.stream, big_endian(2, 4) + "\x88");
             }),
      frames("WindowOfZero",
             [](const H2Peer&, const Request& r) {
               return frame(FrameType::window_update, 0, r.stream, big_endian(0, 4)) +
                      frame(FrameType::window_update, 0, 0, big_endian(0, 4));
             }),
      frames("WindowThatOverflows",
             [](const H2Peer&, const Request& r) {
               return repeated(frame(FrameType::window_update, 0, 0, big_endian(0x7fffffff, 4)) +
                                   frame(FrameType::window_update, 0, r.stream, big_endian(0x7fffffff, 4)),
                               10);
             }),
      frames("WindowThatShrinks",
             [](const H2Peer&, const Request&) {
               return frame(FrameType::settings, 0, 0, setting(4, 0)) +
                      frame(FrameType::settings, 0, 0, setting(4, 0xffffffff));
             }),
      frames("FramesOfImpossibleSize",
             [](const H2Peer&, const Request&) {
               return frame(FrameType::settings, 0, 0, setting(5, 0)) +
                      frame(FrameType::settings, 0, 0, setting(5, 0xffffffff));
             }),
      frames("NoStreamsAllowed",
             [](const H2Peer&, const Request&) { return frame(FrameType::settings, 0, 0, setting(3, 0)); }),
      frames("FloodOfSettings",
             [](const H2Peer&, const Request&) {
               return repeated(frame(FrameType::settings, 0, 0, setting(1, 4096)), 20'000);
             }),
      frames("FloodOfAcknowledgements",
             [](const H2Peer&, const Request&) { return repeated(frame(FrameType::settings, kAck, 0), 20'000); }),
      frames("FloodOfPings",
             [](const H2Peer&, const Request&) { return repeated(frame(FrameType::ping, 0, 0, "12345678"), 20'000); }),
      frames(
          "PingsThatNobodySent",
          [](const H2Peer&, const Request&) { return repeated(frame(FrameType::ping, kAck, 0, "12345678"), 20'000); }),
      frames("FloodOfEmptyData",
             [](const H2Peer&, const Request& r) { return begun(r) + repeated(data(r.stream, ""), 50'000); }),
      frames("FloodOfGoaways",
             [](const H2Peer&, const Request& r) { return repeated(goaway(r.stream, 0, "bye"), 5'000); }),
      frames("GoawaysThatRise",
             [](const H2Peer&, const Request& r) { return goaway(0) + goaway(r.stream) + goaway(0x7fffffff); }),
      frames("FloodOfUnknownFrames",
             [](const H2Peer&, const Request& r) {
               return repeated(frame(static_cast<FrameType>(0xee), 0xff, r.stream, "x"), 20'000);
             }),
  };
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

// Of every type that a server could send.
std::vector<std::string> recorded_streams() {
  std::ifstream file(ARROW_STREAMS);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  constexpr std::string_view kMark = "\"stream\": \"";
  std::vector<std::string> streams;
  for (size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
    at += kMark.size();
    streams.push_back(conformance::decode_base64(std::string_view(text).substr(at, text.find('"', at) - at)));
  }
  return streams;
}

class HostileTest : public ClientTest {
 protected:
  ConnectionOptions options_for_peer(const H2Peer& peer) {
    ConnectionOptions options{};
    options.host = "127.0.0.1";
    options.port = peer.port();
    options.max_response_bytes = 1 << 20;
    // What a peer does not answer ends by itself.
    options.connect_timeout_ms = 2'000;
    options.call_timeout_ms = 1'000;
    return options;
  }

  // How a call ended, with the reading of its rows if it has any.
  Status ended(Call* call, Status status, bool has_rows = false) {
    if (call == nullptr) return status;
    const CallPtr owned(call);
    status = finish(owned);
    Window window{};
    while (has_rows && status.error == ErrorClass::none && call_result_next(call, 4096, &window, &status)) {
    }
    return status;
  }

  // One of the methods, in turn.
  static constexpr unsigned kMethods = 10;
  static const char* method_name(unsigned number) {
    static constexpr const char* kNames[kMethods] = {"Ping",
                                                     "OpenSession",
                                                     "Scan",
                                                     "ExecuteQuery",
                                                     "ExecuteSql",
                                                     "Insert",
                                                     "BeginTransaction",
                                                     "CommitTransaction",
                                                     "Update",
                                                     "RollbackTransaction"};
    return kNames[number];
  }
  Status call(Connection* connection, unsigned number) {
    Status status;
    ScanRequest request{};
    request.table = kTable;
    switch (number) {
      case 0:
        return ended(call_ping(connection, nullptr, &status), status);
      case 1:
        return ended(call_open_session(connection, nullptr, &status), status);
      case 2:
        return ended(call_scan(connection, &request, nullptr, &status), status, true);
      case 3:
        return ended(call_execute_query(connection, "SELECT 1", 8, false, nullptr, &status), status, true);
      case 4:
        return ended(call_execute_sql(connection, "SELECT 1", 8, nullptr, &status), status);
      case 5:
        return ended(call_insert(connection, &kTable, rows_, 0, 1, nullptr, &status), status);
      case 6:
        return ended(call_begin(connection, nullptr, &status), status);
      case 7:
        begin(connection);
        return ended(call_commit(connection, nullptr, &status), status);
      case 8:
        return ended(call_update(connection, &kTable, "1", rows_, 0, nullptr, &status), status);
      default:
        begin(connection);
        return ended(call_rollback(connection, nullptr, &status), status);
    }
  }

  // A call whose first request is answered so, by a peer that is good otherwise.
  Status meet(H2Peer* peer, unsigned number, const H2Peer::Script& answers) {
    Connection* connection = connect(options_for_peer(*peer));
    const size_t before = peer->count(method_name(number));
    peer->set_script([=, method = std::string(method_name(number))](const Request& request) {
      return request.method == method && request.number == before + 1 ? answers(request) : peer->well(request);
    });
    const Status status = call(connection, number);
    peer->set_script({});
    // What the peer said last may still break a connection that looks well.
    constexpr unsigned kPings = 3;
    Status after{};
    for (unsigned tries = 0; tries < kPings; tries++) {
      after = ping(connection);
      if (after.error == ErrorClass::none) break;
    }
    EXPECT_EQ(after.error, ErrorClass::none) << "it does not recover: " << after.message << ": " << after.detail;
    release(connection);
    return status;
  }
};

TEST_F(HostileTest, HandMadeAnswers) {
  H2Peer peer;
  unsigned number = 0;
  for (const Hostile& hostile : make_answers()) {
    const unsigned method = number++ % kMethods;
    SCOPED_TRACE(std::string(hostile.name) + " " + method_name(method));
    meet(&peer, method, [&](const Request& request) -> H2Peer::Answer {
      return {hostile.bytes(peer, request), hostile.ends_connection};
    });
  }
}

TEST_F(HostileTest, GreetingsThatAreNone) {
  const std::string greetings[] = {
      "",
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "\x15\x03\x01\0\x02\x02\x46",
      std::string(100'000, '\0'),
      std::string(100'000, '\xff'),
      frame(FrameType::ping, 0, 0, "12345678"),
      frame(FrameType::settings, 0, 0, "x"),
      frame(FrameType::settings, 0, 1, ""),
      frame(FrameType::settings, kAck, 0, ""),
      goaway(0),
      goaway(0, 11, "go away"),
      frame(FrameType::settings, 0, 0, setting(5, 1)),
      H2Peer::usual_greeting() + frame(FrameType::settings, 0, 0, repeated(setting(9, 9), 2'700)),
      H2Peer::usual_greeting() + goaway(0),
      H2Peer::usual_greeting() + frame(FrameType::headers, 5, 1, "\x88"),
      H2Peer::usual_greeting() + rst_stream(1, 7),
      H2Peer::usual_greeting() + repeated(rst_stream(3, 8), 10'000)};
  for (const std::string& greeting : greetings) {
    H2Peer peer;
    peer.set_greeting(greeting);
    ConnectionOptions options = options_for_peer(peer);
    options.connect_timeout_ms = 300;
    options.call_timeout_ms = 600;
    Connection* connection = connect(options);
    const Status status = ping(connection);
    SCOPED_TRACE(status.detail);
    if (!greeting.starts_with(H2Peer::usual_greeting())) {
      EXPECT_NE(status.error, ErrorClass::none);
    }
    release(connection);
  }
}

TEST_F(HostileTest, AnswerWithoutStatusIsNoAnswer) {
  H2Peer peer;
  for (unsigned method = 0; method < kMethods; method++) {
    SCOPED_TRACE(method_name(method));
    const Status status = meet(&peer, method, [](const Request& request) -> H2Peer::Answer {
      return {headers_frame(request.stream, {{":status", "200"}}, kEndHeaders | kEndStream), false};
    });
    EXPECT_EQ(status.error, ErrorClass::protocol) << status.message << ": " << status.detail;
  }
}

TEST_F(HostileTest, CompressedAnswerIsRefusedByName) {
  H2Peer peer;
  const std::string packed("\x1f\x8b\x08\0\0\0\0\0\x02\x03\x63\xa0\x3d\0\0\xca\x02\x0b\x0b\x64\0\0\0", 23);
  for (unsigned method = 0; method < kMethods; method++) {
    SCOPED_TRACE(method_name(method));
    const Status status = meet(&peer, method, [&](const Request& request) -> H2Peer::Answer {
      EXPECT_EQ(request.headers.find("gzip"), std::string::npos) << "compression is offered";
      return {headers_frame(request.stream, plus(response_headers(), {{"grpc-encoding", "gzip"}})) +
                  data(request.stream, grpc_message(packed, 1)) + trailers(request, {{"grpc-status", "0"}}),
              false};
    });
    EXPECT_EQ(status.error, ErrorClass::protocol) << status.message << ": " << status.detail;
    EXPECT_THAT(status.message, ::testing::HasSubstr("compress"));
  }
}

// Bits of good answers turned over, bytes lost, added and repeated: of the frames, of the messages, of the rows.
// KALAM_HOSTILE_SECONDS says for how long, KALAM_HOSTILE_SEED where to begin.
TEST_F(HostileTest, MutatedAnswers) {
  const char* wanted = std::getenv("KALAM_HOSTILE_SECONDS");
  const char* seed_text = std::getenv("KALAM_HOSTILE_SEED");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wanted != nullptr ? std::atoi(wanted) : 3);
  const unsigned first = seed_text != nullptr ? static_cast<unsigned>(std::atoi(seed_text)) : 1;
  H2Peer peer;
  const std::vector<std::string> streams = recorded_streams();
  ASSERT_GT(streams.size(), 20U);
  unsigned seed = first;
  for (; std::chrono::steady_clock::now() < until; seed++) {
    SCOPED_TRACE("KALAM_HOSTILE_SEED=" + std::to_string(seed));
    std::mt19937 random(seed);
    auto below = [&](size_t bound) { return bound == 0 ? 0 : random() % bound; };
    auto mutate = [&](std::string bytes) {
      for (size_t times = 1 + below(4); times > 0 && !bytes.empty(); times--) {
        const size_t at = below(bytes.size());
        switch (below(6)) {
          case 0:
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
            break;
          case 1:
            bytes[at] = static_cast<char>(random());
            break;
          case 2:
            bytes.erase(at, 1 + below(8));
            break;
          case 3:
            bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(16)));
            break;
          case 4:
            bytes.resize(at);
            break;
          default:
            for (size_t i = at; i < std::min(at + 4, bytes.size()); i++) bytes[i] = static_cast<char>(0xff);
        }
      }
      return bytes;
    };
    const size_t layer = below(3);
    peer.batches.assign(1 + below(2), streams[below(streams.size())]);
    meet(&peer, static_cast<unsigned>(below(kMethods)), [&](const Request& request) -> H2Peer::Answer {
      if (layer == 0) return {mutate(peer.well(request).bytes), true};
      const std::string message = mutate(peer.message_for(request));
      return {answer(request.stream, message), false};
    });
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(seed, first + 10) << "too few answers were tried";
  RecordProperty("answers", static_cast<int>(seed - first));
}

}  // namespace
}  // namespace kalam::test
