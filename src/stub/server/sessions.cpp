#include "stub/server/sessions.h"

#include <algorithm>
#include <charconv>

namespace kalam::stub {

namespace {

constexpr int64_t kLeaseMs = 30 * 60 * 1000;
constexpr int64_t kIdleMs = 5000;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

Status gone(const char* text) {
  return Status::failure(kUnauthenticated, text);
}

std::optional<uint32_t> parse_pid(std::string_view text) {
  uint32_t pid = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return pid;
}

}  // namespace

bool is_uuid(std::string_view text) {
  if (text.size() == 32) return std::all_of(text.begin(), text.end(), is_hex);
  if (text.size() != 36) return false;
  for (size_t i = 0; i < 36; i++) {
    bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

std::optional<std::string> owner_key(const std::string& session_id, std::string& error) {
  auto refuse = [&](const char* reason) {
    error = "Invalid operation: invalid pg session id '" + session_id + "': " + reason;
    return std::nullopt;
  };
  if (is_uuid(session_id)) return session_id;
  std::string_view text = session_id;
  if (!text.starts_with("pg-")) return refuse("expected pg-<pid>-<config_hash> or a server-issued UUID handle");
  text.remove_prefix(3);
  size_t hyphen = text.find('-');
  std::string_view pid_text = text.substr(0, hyphen);
  std::string_view hash = hyphen == std::string_view::npos ? "" : text.substr(hyphen + 1);
  if (pid_text.empty()) return refuse("missing backend pid");
  auto pid = parse_pid(pid_text);
  if (!pid) return refuse("backend pid must be numeric");
  if (hash.size() > 16 || !std::all_of(hash.begin(), hash.end(), is_hex)) {
    return refuse("config hash must be hexadecimal");
  }
  // Two hosts with equal pid and hash share a slot, as on the real server.
  std::string folded(hash);
  folded.erase(0, folded.find_first_not_of('0') == std::string::npos ? folded.size() : folded.find_first_not_of('0'));
  for (char& c : folded) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
  }
  return "pg-" + std::to_string(*pid) + "-" + folded;
}

std::optional<int64_t> backend_pid(const std::string& session_id) {
  if (!session_id.starts_with("pg-")) return std::nullopt;
  std::string_view text = std::string_view(session_id).substr(3);
  auto pid = parse_pid(text.substr(0, text.find('-')));
  if (!pid) return std::nullopt;
  return *pid;
}

const Session& Sessions::open(std::string proposed_id, std::optional<std::string> current_schema,
                              const std::string& peer) {
  if (!rules_.r2) sweep();
  if (proposed_id.empty()) proposed_id = ids_.uuid_v7(clock_.now_ms());
  if (rules_.r2 && sessions_.contains(proposed_id) && closing_) closing_(proposed_id);
  Session session;
  session.id = proposed_id;
  session.current_schema = std::move(current_schema);
  session.opened_ms = session.last_seen_ms = clock_.now_ms();
  session.lease_expires_ms = session.opened_ms + kLeaseMs;
  session.last_method = "OpenSession";
  session.peer = peer;
  if (rules_.r2) session.token = ids_.uuid_v4();
  Session& entry = sessions_[proposed_id];
  entry = std::move(session);
  return entry;
}

Status Sessions::begin_call(const std::string& session_id, const std::string& token, const std::string& method) {
  if (session_id.empty()) return Status::failure(kInvalidArgument, "session_id must not be empty");
  int64_t now = clock_.now_ms();
  auto found = sessions_.find(session_id);
  if (!rules_.validate) {
    if (found != sessions_.end()) {
      found->second.last_seen_ms = now;
      found->second.last_method = method;
    }
    return {};
  }
  if (found == sessions_.end()) return gone("invalid or expired session");
  if (!found->second.authenticated) return gone("session not authenticated");
  if (found->second.lease_expires_ms <= now) {
    if (closing_) closing_(session_id);
    sessions_.erase(found);
    return gone("session lease expired \xe2\x80\x93 re-authenticate via open_session");
  }
  if (rules_.r2) {
    if (token != found->second.token) return gone("invalid or expired session");
  } else {
    // The sweep comes before this call counts as a use: an idle session is pruned by its own call, which then runs on
    // an entry without authentication.
    sweep();
    auto [entry, made_anew] = sessions_.try_emplace(session_id);
    if (made_anew) {
      entry->second.id = session_id;
      entry->second.authenticated = false;
      entry->second.opened_ms = now;
      entry->second.lease_expires_ms = now + kLeaseMs;
    }
    found = entry;
  }
  found->second.last_seen_ms = now;
  found->second.last_method = method;
  return {};
}

Status Sessions::close(const std::string& session_id, const std::string& token) {
  if (session_id.empty()) return Status::failure(kInvalidArgument, "session_id must not be empty");
  auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return {};
  if (rules_.r2 && rules_.validate && found->second.lease_expires_ms > clock_.now_ms() &&
      token != found->second.token) {
    return gone("invalid or expired session");
  }
  if (closing_) closing_(session_id);
  sessions_.erase(session_id);
  return {};
}

void Sessions::sweep() {
  int64_t now = clock_.now_ms();
  if (!rules_.idle_prune || (now >= last_sweep_ms_ && now - last_sweep_ms_ < 1000)) return;
  last_sweep_ms_ = now;
  if (rules_.r2) {
    std::erase_if(sessions_, [&](const auto& entry) {
      if (entry.second.lease_expires_ms > now) return false;
      if (closing_) closing_(entry.first);
      return true;
    });
  }
  std::erase_if(sessions_, [&](const auto& entry) {
    return now - entry.second.last_seen_ms >= kIdleMs && !(has_transaction_ && has_transaction_(entry.first));
  });
}

}  // namespace kalam::stub
