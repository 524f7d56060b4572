// SPDX-License-Identifier: Apache-2.0
// The reader must answer alike in whatever portions its input comes, and read back what the printer made of a value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "json_transcript.h"

using namespace vigil::qmp_bridge;

namespace {

void require(bool holds)
{
    if (!holds) std::abort();
}

/// Prints `value`, reads that and prints it again.
void check_round_trip(const json::value& value)
{
    std::string line;
    print_json(line, value);
    require(read_whole(line + "\n") == json_transcript{line});
    std::string lines;
    print_json_pretty(lines, value);
    require(read_whole(lines + "\n") == json_transcript{line});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    // The first byte chooses the limits, how errors are told and the place of the cut.
    const json_limits limits = data[0] % 2 == 0 ? json_limits{} : json_limits{4, 64, 16};
    const json_errors errors = (data[0] & 2) == 0 ? json_errors::when_balanced : json_errors::at_once;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read_whole(input, limits, errors);
    require(read_in_portions(input, 1, limits, errors) == whole);
    require(read_in_two(input, data[0] * input.size() / 256, limits, errors) == whole);

    json_reader reader({}, errors);
    reader.feed(input);
    while (const auto item = reader.next()) {
        if (const auto* value = std::get_if<json::value>(&*item)) check_round_trip(*value);
    }
    reader.feed("\xFF{}");
    json_transcript flushed;
    append_ready(flushed, reader);
    require(!flushed.empty() && flushed.back() == "{}");
    (void)parse_json(input, errors);
    return 0;
}
