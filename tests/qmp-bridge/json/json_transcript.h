// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_QMP_BRIDGE_JSON_TRANSCRIPT_H
#define VIGIL_TESTS_QMP_BRIDGE_JSON_TRANSCRIPT_H

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>

namespace vigil::qmp_bridge {

/// What a reader made of its input: values as printed, errors as they are behind a "!".
using json_transcript = std::vector<std::string>;

/// Fetches all that `reader` has ready.
inline void append_ready(json_transcript& transcript, json_reader& reader)
{
    while (const auto item = reader.next()) {
        std::string line;
        if (const auto* error = std::get_if<json_error>(&*item)) {
            line = "!" + error->text;
        } else {
            print_json(line, std::get<json::value>(*item));
        }
        transcript.push_back(line);
    }
}

/// Reads `input` in portions of `portion` bytes.
inline json_transcript read_in_portions(std::string_view input, std::size_t portion, json_limits limits = {},
                                        json_errors errors = json_errors::when_balanced)
{
    json_reader reader(limits, errors);
    json_transcript transcript;
    for (; !input.empty(); input.remove_prefix(std::min(portion, input.size()))) {
        reader.feed(input.substr(0, portion));
        append_ready(transcript, reader);
    }
    return transcript;
}

/// Reads `input` at once.
inline json_transcript read_whole(std::string_view input, json_limits limits = {},
                                  json_errors errors = json_errors::when_balanced)
{
    return read_in_portions(input, input.size(), limits, errors);
}

/// Reads `input` in two portions, the first of `first` bytes.
inline json_transcript read_in_two(std::string_view input, std::size_t first, json_limits limits = {},
                                   json_errors errors = json_errors::when_balanced)
{
    json_reader reader(limits, errors);
    json_transcript transcript;
    reader.feed(input.substr(0, first));
    append_ready(transcript, reader);
    reader.feed(input.substr(first));
    append_ready(transcript, reader);
    return transcript;
}

} // namespace vigil::qmp_bridge

#endif
