// Compares an answer with what was recorded, by the rules that come with the transcripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "placeholders.h"
#include "service_client.h"
#include "transcript.h"

namespace kalam::conformance {

// Empty when the answer is right; placeholders that it decides are bound then. Otherwise what differs, line by line.
// `with_metadata`: also the metadata of the columns, where the recording kept the raw bytes.
std::string compare_answer(const nlohmann::json& step, const StepRule& rule, const Answer& answer, bool with_metadata,
                           Placeholders* placeholders);

// Whether the SQL's result has an order: ORDER BY outside parentheses and texts.
bool is_ordered(const std::string& sql);

// Decodes every recorded stream and compares it with the rows recorded beside it, then damages the answer in several
// ways, each of which must be noticed: a check of the decoder and of the comparison. Returns the number of streams;
// what is wrong is appended to `errors`.
size_t check_recorded_streams(const Topic& topic, std::string* errors);

}  // namespace kalam::conformance
