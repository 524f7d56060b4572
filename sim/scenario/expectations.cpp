// SPDX-License-Identifier: Apache-2.0
// The verbs that let time pass and judge what came.

#include <string>

#include <vigil/sim/scenario/detail/script_context.h>
#include <vigil/sim/scenario/device_registers.h>
#include <vigil/sim/scenario/duration.h>

namespace vigil::sim {

namespace {

using words = std::vector<Tcl_Obj*>;

std::string sentence(const words& given)
{
    std::string all;
    for (Tcl_Obj* one : given) all += (all.empty() ? "" : " ") + std::string(text_of(one));
    return all;
}

std::string value_text(const boost::json::value& value)
{
    if (value.is_string()) return std::string(qmp_bridge::as_view(value.get_string()));
    std::string text;
    qmp_bridge::print_json(text, value);
    return text;
}

// An event that is waited for.
struct awaited_event {
    std::string name;
    std::vector<std::pair<std::string, std::string>> members;
    runstate::ns within{0};

    bool is(const seen_event& one) const
    {
        if (one.name != name) return false;
        for (const auto& [key, value] : members) {
            const auto* found = one.data.if_contains(key);
            if (found == nullptr || value_text(*found) != value) return false;
        }
        return true;
    }
};

runstate::result<awaited_event> parse_event(const words& given, std::size_t from)
{
    if (from >= given.size()) return runstate::refusal{"an event's name is missing, as in 'event WATCHDOG'"};
    awaited_event out;
    out.name = text_of(given[from]);
    std::size_t i = from + 1;
    for (; i + 1 < given.size(); i += 2) {
        const std::string_view key = text_of(given[i]);
        if (key == "within") {
            const auto time = parse_duration(text_of(given[i + 1]));
            if (!time) return time.why();
            out.within = *time;
        } else {
            out.members.emplace_back(key, text_of(given[i + 1]));
        }
    }
    if (i < given.size()) return runstate::refusal{"'" + std::string(text_of(given[i])) + "' has no value after it"};
    return out;
}

std::string event_text(const seen_event& one)
{
    std::string text = one.name;
    for (const auto& member : one.data) {
        text += " " + std::string(qmp_bridge::key_of(member)) + " " + value_text(member.value());
    }
    return text + " at " + duration_text(one.at);
}

std::string events_text(const script_context& context)
{
    const auto& all = context.bench->events();
    std::string text;
    for (std::size_t i = context.expected; i < all.size(); ++i) text += (text.empty() ? "" : ", ") + event_text(all[i]);
    return text.empty() ? "no event" : text;
}

std::string situation(const script_context& context)
{
    return "the machine is " + std::string(context.bench->status()) + " at " + duration_text(context.bench->now());
}

// Lets time pass until there is such an event; nothing where none came in time.
const seen_event* await_event(script_context& context, const awaited_event& what, std::size_t& looked_at)
{
    const auto& all = context.bench->events();
    const seen_event* found = nullptr;
    const auto look = [&] {
        while (found == nullptr && looked_at < all.size()) {
            if (what.is(all[looked_at])) found = &all[looked_at];
            ++looked_at;
        }
        return found != nullptr;
    };
    if (!look() && what.within.count() > 0) {
        context.bench->run_until(runstate::saturating_add(context.bench->now(), what.within), look);
        look();
    }
    return found;
}

int expect_event(script_context& context, const words& given)
{
    const auto what = parse_event(given, 2);
    if (!what) return script_error(context, what.why().text);
    std::size_t looked_at = context.expected;
    if (const seen_event* found = await_event(context, *what, looked_at)) {
        context.expected = looked_at;
        return give_back(context, Tcl_NewWideIntObj(found->at.count()));
    }
    return context.end(verdict::failed, "there was " + events_text(context) + " instead; " + situation(context),
                       sentence(given), "expect");
}

int expect_no_event(script_context& context, const words& given)
{
    const auto what = parse_event(given, 3);
    if (!what) return script_error(context, what.why().text);
    std::size_t looked_at = context.expected;
    const seen_event* found = await_event(context, *what, looked_at);
    if (found == nullptr) return TCL_OK;
    return context.end(verdict::failed, "there was " + event_text(*found) + "; " + situation(context), sentence(given),
                       "expect");
}

int expect_status(script_context& context, const words& given)
{
    if (given.size() != 3) return script_error(context, "write 'expect status STATE', as in 'expect status watchdog'");
    if (!runstate::from_string<runstate::run_state>(text_of(given[2]))) {
        return script_error(context, "'" + std::string(text_of(given[2])) + "' is no run state");
    }
    const auto reply = context.bench->qmp(R"({"execute": "query-status"})");
    if (!reply) return context.end(verdict::failed, reply.why().text, sentence(given), "expect");
    const auto* result = reply->if_contains("return");
    const std::string status = result != nullptr ? value_text(result->as_object().at("status")) : "unknown";
    if (status == text_of(given[2])) return TCL_OK;
    return context.end(verdict::failed, "the status is " + status + " at " + duration_text(context.bench->now()),
                       sentence(given), "expect");
}

int expect_register(script_context& context, const words& given)
{
    const auto value = given.size() == 5 ? parse_number(text_of(given[4])) : std::nullopt;
    if (!value) return script_error(context, "write 'expect register DEVICE REGISTER VALUE'");
    const auto device = device_view::find(*context.bench, text_of(given[2]));
    if (!device) return script_error(context, device.why().text);
    const auto one = device->find_register(text_of(given[3]));
    if (!one) return script_error(context, one.why().text);
    const auto now = device->read(*context.bench, *one);
    if (!now) return script_error(context, now.why().text);
    if (*now == *value) return TCL_OK;
    return context.end(verdict::failed, one->name + " is " + hex(*now) + "; " + situation(context), sentence(given),
                       "expect");
}

} // namespace

int expect(script_context& context, const words& given)
{
    const std::string_view what = given.size() > 1 ? text_of(given[1]) : "";
    if (what == "event") return expect_event(context, given);
    if (what == "no" && given.size() > 2 && text_of(given[2]) == "event") return expect_no_event(context, given);
    if (what == "status") return expect_status(context, given);
    if (what == "register") return expect_register(context, given);
    return script_error(context, "'expect' is followed by event, no event, status or register, not by '" +
                                     std::string(what) + "'");
}

int check(script_context& context, const words& given)
{
    if (given.size() != 2) return script_error(context, "write 'check {EXPRESSION}'");
    int holds = 0;
    if (Tcl_ExprBooleanObj(context.interp, given[1], &holds) != TCL_OK) return TCL_ERROR;
    if (holds != 0) return TCL_OK;
    return context.end(verdict::failed, "it does not hold; " + situation(context), sentence(given), "check");
}

int run(script_context& context, const words& given)
{
    const auto from = context.bench->now();
    if (given.size() == 2) {
        const auto time = parse_duration(text_of(given[1]));
        if (!time) return script_error(context, time.why().text);
        context.bench->run_until(runstate::saturating_add(from, *time));
    } else if (given.size() >= 3 && text_of(given[1]) == "until") {
        auto what = parse_event(given, 2);
        if (!what) return script_error(context, what.why().text);
        if (what->within.count() == 0) what->within = runstate::k_never;
        std::size_t looked_at = context.bench->events().size();
        if (await_event(context, *what, looked_at) == nullptr) {
            return context.end(verdict::failed, "it did not come; " + situation(context), sentence(given), "run");
        }
    } else {
        return script_error(context, "write 'run DURATION' or 'run until EVENT ?MEMBER VALUE …? ?within DURATION?'");
    }
    return give_back(context, Tcl_NewWideIntObj((context.bench->now() - from).count()));
}

} // namespace vigil::sim
