// SPDX-License-Identifier: Apache-2.0
// Whatever a client sends, it gets messages of QMP and nothing else: one reply for each value it sent, in their order,
// the same for any portions in which the bytes came; and another client gets the same events.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/qmp/qom_tree.h>

#include "../fake_machine.h"
#include "../slow_command.h"

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

void require(bool holds)
{
    if (!holds) std::abort();
}

// What the first byte of the input chooses.
struct conditions {
    vocabulary words;
    bool pretty;
    bool negotiated;
    bool out_of_band;
    bool preconfig;
};

conditions conditions_of(std::uint8_t byte)
{
    const bool newer = (byte & 1) != 0;
    const bool out_of_band = newer && (byte & 8) != 0;
    return {newer ? vocabulary::v7_2 : vocabulary::v2_10, !out_of_band && (byte & 2) != 0,
            out_of_band || (byte & 4) != 0, out_of_band, newer && (byte & 0x40) != 0};
}

// An object with a property of every type, some of which clients may set.
struct fuzzed_object final : runstate::inspectable {
    std::string_view type_name() const override { return "fuzzed"; }
    std::vector<runstate::property> properties() override
    {
        const auto set_flag = [this](const runstate::property_value& value) -> std::optional<runstate::refusal> {
            flag = std::get<bool>(value);
            return std::nullopt;
        };
        return {{"flag", "bool", "May be set.", [this] { return flag; }, set_flag},
                {"text", "str", "Has what must be escaped.", [] { return std::string("\xC3\xA9\n\"\\"); }, {}},
                {"missing", "int", "Has no value.", [] { return runstate::refusal{"there is none"}; }, {}}};
    }
    bool flag = false;
};

// The input's bytes in portions that `seed` chooses; zero: all at once.
std::vector<std::string_view> portions(std::string_view bytes, std::uint8_t seed)
{
    std::mt19937 random(seed);
    std::vector<std::string_view> all;
    while (!bytes.empty()) {
        const std::size_t largest = std::size_t{1} << (random() % 8);
        const std::size_t length = seed == 0 ? bytes.size() : 1 + random() % largest;
        all.push_back(bytes.substr(0, length));
        bytes.remove_prefix(all.back().size());
    }
    return all;
}

struct outcome {
    std::string sent;    ///< to the client, after its prelude
    std::string watched; ///< by another one, that only listens
    bool over = false;   ///< the run has ended
};

/// Answers what has been waited for longest, with an error where it has no name; or nothing is waited for.
bool arrive(slow_host& host)
{
    if (host.waiters.empty()) return false;
    const bool named = !host.waiters.front().what.empty();
    host.answer(named ? result<empty_object>(empty_object{}) : refusal{"nobody comes"});
    return true;
}

/// Lets a client say `parts`, served after each of them or after the last.
outcome talk(const conditions& given, const std::vector<std::string_view>& parts, bool served_at_once)
{
    fuzzed_object object;
    qom_tree objects;
    objects.peripheral().add("it", std::string(object.type_name())).state = &object;
    slow_host host;
    fake_machine machine(given.words, [&](qmp_monitor::options& o) {
        o.objects = &objects;
        o.preconfig = given.preconfig;
        o.commands = {host.command()};
    });
    const auto watcher = negotiated(machine);
    std::unique_ptr<qmp_session> client = given.out_of_band  ? negotiated_oob(machine)
                                          : given.negotiated ? negotiated(machine, given.pretty)
                                                             : greeted(machine, given.pretty);
    for (const std::string_view part : parts) {
        client->feed(part);
        if (!served_at_once) continue;
        arrive(host);
        execute_all(*client);
    }
    do {
        execute_all(*client);
    } while (arrive(host));
    return {std::string(client->output.unsent()), std::string(watcher->output.unsent()), machine.control.exiting()};
}

json::object read_message(std::string_view text)
{
    json_reader reader;
    reader.feed(text);
    const auto item = reader.next();
    require(item && std::holds_alternative<json::value>(*item));
    require(!reader.next());
    const json::object* object = std::get<json::value>(*item).if_object();
    require(object != nullptr);
    return *object;
}

/// The messages in `output`: each a value that ends with its line, in printable ASCII.
std::vector<json::object> messages_of(std::string_view output, bool pretty)
{
    std::vector<json::object> all;
    const std::string_view end = pretty ? "\r\n}\r\n" : "\r\n";
    while (!output.empty()) {
        const std::size_t length = output.find(end);
        require(length != std::string_view::npos);
        const std::string_view text = output.substr(0, length + end.size());
        for (const char c : pretty ? text : text.substr(0, length)) {
            require((c >= ' ' && c <= '~') || (pretty && (c == '\r' || c == '\n')));
        }
        all.push_back(read_message(text));
        output.remove_prefix(text.size());
    }
    return all;
}

bool is_event(const json::object& message) { return message.contains("event"); }

// Of one kind and of nothing more than that kind has.
void check_form(const json::object& message)
{
    if (is_event(message)) {
        require(message.at("event").is_string() && message.at("timestamp").is_object());
        require(message.size() == (message.contains("data") ? 3 : 2));
        return;
    }
    require(message.contains("return") != message.contains("error"));
    require(message.size() == (message.contains("id") ? 2 : 1));
    if (const json::value* error = message.if_contains("error")) {
        require(error->as_object().size() == 2 && error->at("class").is_string() && error->at("desc").is_string());
    }
}

std::string printed(const json::value* id)
{
    std::string text;
    if (id != nullptr) print_json(text, *id);
    return text;
}

/// The ids that the replies to `bytes` must have, "" for those without.
std::vector<std::string> ids_in_requests(std::string_view bytes)
{
    json_reader reader;
    reader.feed(bytes);
    std::vector<std::string> ids;
    while (const auto item = reader.next()) {
        const auto* value = std::get_if<json::value>(&*item);
        const json::object* object = value != nullptr ? value->if_object() : nullptr;
        ids.push_back(object != nullptr ? printed(object->if_contains("id")) : std::string());
    }
    return ids;
}

std::vector<std::string> ids_in_replies(const std::vector<json::object>& messages)
{
    std::vector<std::string> ids;
    for (const json::object& one : messages) {
        if (!is_event(one)) ids.push_back(printed(one.if_contains("id")));
    }
    return ids;
}

void check_ids(std::vector<std::string> asked, std::vector<std::string> answered, const outcome& result, bool in_order)
{
    require(result.over ? answered.size() <= asked.size() : answered.size() == asked.size());
    if (!in_order && result.over) return;
    if (!in_order) {
        std::sort(asked.begin(), asked.end());
        std::sort(answered.begin(), answered.end());
    }
    require(std::equal(answered.begin(), answered.end(), asked.begin()));
}

void check(const conditions& given, std::string_view bytes, const outcome& result, bool in_order)
{
    const auto messages = messages_of(result.sent, given.pretty);
    for (const json::object& message : messages) check_form(message);
    check_ids(ids_in_requests(bytes), ids_in_replies(messages), result, in_order);
    const auto watched = messages_of(result.watched, false);
    for (const json::object& message : watched) require(is_event(message));
    const auto events = std::count_if(messages.begin(), messages.end(), is_event);
    require(!given.negotiated || static_cast<std::ptrdiff_t>(watched.size()) == events);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    const conditions given = conditions_of(data[0]);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto cut = portions(bytes, data[1]);

    const outcome whole = talk(given, {bytes}, false);
    require(talk(given, cut, false).sent == whole.sent);
    const outcome served = talk(given, cut, true);
    // Escaped or not, this member lets a request be answered before those that still wait.
    const bool may_overtake = given.words == vocabulary::v7_2 && (bytes.find("exec-oob") != std::string_view::npos ||
                                                                  bytes.find("\\u") != std::string_view::npos);
    check(given, bytes, whole, !may_overtake);
    if (may_overtake) {
        check(given, bytes, served, false);
    } else {
        require(served.sent == whole.sent && served.watched == whole.watched);
    }
    return 0;
}
