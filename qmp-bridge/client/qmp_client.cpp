// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/client/qmp_client.h>

#include <utility>
#include <variant>

namespace vigil::qmp_bridge {

namespace {

const json::value* member_of(const json::value& of, std::string_view key)
{
    return of.is_object() ? of.get_object().if_contains(key) : nullptr;
}

std::string number_text(const json::value* value)
{
    return value != nullptr && value->is_int64() ? std::to_string(value->get_int64()) : "?";
}

// "QEMU 11.1.3", of a greeting's version.
std::string version_text(const json::value& version)
{
    const json::value* qemu = member_of(version, "qemu");
    if (qemu == nullptr) return "a machine of unknown version";
    return "QEMU " + number_text(member_of(*qemu, "major")) + "." + number_text(member_of(*qemu, "minor")) + "." +
           number_text(member_of(*qemu, "micro"));
}

} // namespace

void qmp_client::execute(std::string_view command, reply done)
{
    replies_.push_back(std::move(done));
    output.add([command](std::string& to) {
        print_json(to, json::object{{"execute", command}});
        to += "\r\n";
    });
    announce_output();
}

void qmp_client::feed(std::string_view bytes)
{
    reader_.feed(bytes);
    while (auto item = reader_.next()) items_.push_back(*std::move(item));
}

void qmp_client::execute_one()
{
    const json_item item = std::move(items_.front());
    items_.pop_front();
    if (const auto* error = std::get_if<json_error>(&item)) {
        nonsense(error->text);
        return;
    }
    const auto& value = std::get<json::value>(item);
    if (!value.is_object()) {
        nonsense("not an object");
    } else if (!greeted_) {
        greeted(value);
    } else {
        take_item(value.get_object());
    }
}

void qmp_client::greeted(const json::value& greeting)
{
    const json::value* qmp = member_of(greeting, "QMP");
    const json::value* version = qmp != nullptr ? member_of(*qmp, "version") : nullptr;
    if (version == nullptr) {
        nonsense("no greeting");
        return;
    }
    greeted_ = true;
    execute("qmp_capabilities", [this, text = version_text(*version)](const json::value* result, std::string_view why) {
        if (result != nullptr) {
            listener_.on_ready(text);
        } else {
            nonsense("qmp_capabilities: " + std::string(why));
        }
    });
}

void qmp_client::take_item(const json::object& item)
{
    static const json::object nothing;
    if (const json::value* name = item.if_contains("event"); name != nullptr && name->is_string()) {
        const json::value* data = item.if_contains("data");
        listener_.on_event(as_view(name->get_string()),
                           data != nullptr && data->is_object() ? data->get_object() : nothing);
        return;
    }
    const json::value* result = item.if_contains("return");
    const json::value* error = item.if_contains("error");
    if ((result == nullptr && error == nullptr) || replies_.empty()) {
        nonsense("neither an event nor an answer");
        return;
    }
    take_reply(result, error);
}

void qmp_client::take_reply(const json::value* result, const json::value* error)
{
    const reply done = std::move(replies_.front());
    replies_.pop_front();
    const json::value* description = error != nullptr ? member_of(*error, "desc") : nullptr;
    done(result, description != nullptr && description->is_string() ? as_view(description->get_string())
                                                                    : std::string_view("without a description"));
}

void qmp_client::nonsense(const std::string& why)
{
    items_.clear();
    end_conversation();
    listener_.on_nonsense(why);
}

} // namespace vigil::qmp_bridge
