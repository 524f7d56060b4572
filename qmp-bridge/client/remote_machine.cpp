// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/client/remote_machine.h>

#include <array>
#include <new>
#include <utility>
#include <variant>

namespace vigil::qmp_bridge {

using runstate::from_string;
using runstate::run_state;
using runstate::shutdown_cause;

namespace {

std::string_view text_of(const json::object& object, std::string_view key)
{
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? as_view(value->get_string()) : std::string_view();
}

bool flag_of(const json::object& object, std::string_view key)
{
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
}

// Why a machine was reset or shut down; versions before 4.0 say no more than by whom, and later ones have more reasons.
shutdown_cause cause_of(const json::object& data, shutdown_cause by_guest, shutdown_cause by_host)
{
    const auto reason = from_string<shutdown_cause>(text_of(data, "reason"));
    return reason.value_or(flag_of(data, "guest") ? by_guest : by_host);
}

std::optional<runstate::panic_info> panic_info_of(const json::object& data)
{
    constexpr std::array<const char*, 5> k_arguments{"arg1", "arg2", "arg3", "arg4", "arg5"};
    const json::value* info = data.if_contains("info");
    if (info == nullptr || !info->is_object() || text_of(info->get_object(), "type") != "hyper-v") return std::nullopt;
    runstate::panic_info result;
    for (std::size_t i = 0; i < k_arguments.size(); ++i) {
        const json::value* value = info->get_object().if_contains(k_arguments[i]);
        if (value == nullptr) continue;
        if (value->is_uint64()) result.arg.at(i) = value->get_uint64();
        if (value->is_int64()) result.arg.at(i) = static_cast<std::uint64_t>(value->get_int64());
    }
    return result;
}

} // namespace

remote_machine::remote_machine(runstate::run_control& control, surroundings around)
    : control_(control), around_(std::move(around))
{
}

std::unique_ptr<session> remote_machine::new_session()
{
    auto result = std::make_unique<qmp_client>(static_cast<qmp_client_listener&>(*this));
    monitor_ = result.get();
    return result;
}

// What is decided here.

void remote_machine::on_event(const runstate::event& e)
{
    if (following_) return;
    if (const auto* reset = std::get_if<runstate::reset_event>(&e)) {
        if (reset->reason != shutdown_cause::snapshot_load) order_reset(); // its own past is not the machine's
    } else if (std::holds_alternative<runstate::powerdown_event>(e)) {
        order("system_powerdown");
    }
}

void remote_machine::on_state_changed(run_state from, run_state to)
{
    if (following_ || !present() || (from == run_state::running) == (to == run_state::running)) return;
    decided_ = true;
    around_.post([this] { see_to_run_state(); }); // it may be running again by then, as after a snapshot
}

void remote_machine::on_exit_requested(int /*status*/, bool /*at_once*/)
{
    if (!present() || told_to_quit_) return;
    told_to_quit_ = ready_;
    order("quit");
}

void remote_machine::inject_nmi()
{
    if (!following_) order("inject-nmi");
}

void remote_machine::order(const char* command)
{
    if (!ready_) {
        if (present()) around_.log(std::string(command) + " cannot be carried out: no QMP connection to the machine");
        return;
    }
    monitor_->execute(command, [this, command](const json::value* result, std::string_view why) {
        if (result == nullptr) around_.log("the machine refuses " + std::string(command) + ": " + std::string(why));
    });
}

void remote_machine::order_reset()
{
    reset_wanted_ = !ready_ && present();
    if (!ready_ || awaits_reset_) return; // one that is under way will do
    awaits_reset_ = true;
    order("system_reset");
}

void remote_machine::see_to_run_state()
{
    if (!ready_ || control_.exiting() || !std::exchange(decided_, false) || runs_ == control_.running()) return;
    runs_ = control_.running();
    order(runs_ ? "cont" : "stop");
}

// What happens there.

template <class Act> void remote_machine::follow(Act act)
{
    following_ = true;
    act();
    following_ = false;
}

void remote_machine::on_ready(const std::string& version)
{
    around_.log("connected to the machine: " + version);
    ready_ = true;
    machine_came();
    if (std::exchange(reset_wanted_, false)) order_reset();
    monitor_->execute("query-status", [this](const json::value* result, std::string_view) {
        if (result != nullptr) adopt(*result);
    });
}

void remote_machine::adopt(const json::value& status)
{
    if (!status.is_object()) return;
    runs_ = flag_of(status.get_object(), "running");
    if (decided_ || control_.state() == run_state::prelaunch) { // who waits to be started holds the machine, too
        decided_ = true;
        see_to_run_state();
        return;
    }
    const auto state = from_string<run_state>(text_of(status.get_object(), "status"));
    const bool known = state && can_transition(run_state::running, *state);
    follow([&] {
        if (runs_) {
            control_.resumed_elsewhere();
        } else {
            control_.stopped_elsewhere(known ? *state : run_state::paused);
        }
    });
}

void remote_machine::on_event(std::string_view name, const json::object& data)
{
    if (control_.exiting()) return;
    if (name == "STOP") {
        runs_ = false;
        const run_state to = std::exchange(stops_for_, std::nullopt).value_or(run_state::paused);
        follow([&] { control_.stopped_elsewhere(to); });
    } else if (name == "RESUME") {
        runs_ = true;
        follow([&] { control_.resumed_elsewhere(); });
    } else if (name == "RESET") {
        follow_reset(data);
    } else if (name == "SHUTDOWN") {
        shut_down_ = true;
        stops_for_ = run_state::shutdown;
        const auto cause = cause_of(data, shutdown_cause::guest_shutdown, shutdown_cause::host_qmp_quit);
        follow([&] { control_.shut_down_elsewhere(cause); });
    } else if (name == "GUEST_PANICKED") {
        follow_panic(data);
    } else if (name == "WATCHDOG" && text_of(data, "action") == "pause") {
        stops_for_ = run_state::watchdog; // another watchdog than those here
    } else if (name == "SUSPEND") {
        runs_ = false;
        follow([&] { control_.suspended_elsewhere(); });
    } else if (name == "WAKEUP") {
        runs_ = true;
        follow([&] { control_.woken_elsewhere(); });
    }
}

void remote_machine::follow_reset(const json::object& data)
{
    stops_for_.reset();
    shut_down_ = false;
    const auto cause = cause_of(data, shutdown_cause::guest_reset, shutdown_cause::host_qmp_system_reset);
    if (cause == shutdown_cause::host_qmp_system_reset && std::exchange(awaits_reset_, false)) return;
    follow([&] { control_.reset_elsewhere(cause); });
}

void remote_machine::follow_panic(const json::object& data)
{
    const auto action = from_string<runstate::guest_panic_action>(text_of(data, "action"));
    stops_for_ = run_state::guest_panicked;
    follow([&] {
        control_.panicked_elsewhere(action.value_or(runstate::guest_panic_action::pause), panic_info_of(data));
    });
}

void remote_machine::on_nonsense(const std::string& why)
{
    around_.log("the machine's monitor does not speak QMP (" + why + ")");
}

void remote_machine::on_closed() noexcept
{
    if (std::exchange(ready_, false)) {
        try {
            around_.log("the QMP connection to the machine is lost");
        } catch (const std::bad_alloc&) { // the machine goes all the same
        }
    }
    monitor_ = nullptr;
    awaits_reset_ = false;
    machine_may_have_gone();
}

// Whether there is one.

void remote_machine::function_attached(const std::string& name)
{
    ++functions_;
    around_.log(name + ": attached to a machine");
    machine_came();
}

void remote_machine::function_gone(const std::string& name) noexcept
{
    --functions_;
    try {
        around_.log(name + ": the machine's connection is lost");
    } catch (const std::bad_alloc&) {
    }
    machine_may_have_gone();
}

void remote_machine::machine_came()
{
    if (!std::exchange(away_, false)) return;
    follow([this] {
        control_.reset_elsewhere(shutdown_cause::host_qmp_system_reset);
        control_.resumed_elsewhere();
    });
    decided_ = false;
}

void remote_machine::machine_may_have_gone() noexcept
{
    if (present() || away_ || control_.exiting()) return;
    away_ = true;
    try {
        around_.post([this] { machine_went(); });
    } catch (const std::bad_alloc&) { // it stays in the state that it was in
    }
}

void remote_machine::machine_went()
{
    if (!away_) return; // the next one was faster
    decided_ = false;
    reset_wanted_ = false;
    stops_for_.reset();
    if (std::exchange(shut_down_, false)) return;
    follow([this] { control_.shut_down_elsewhere(shutdown_cause::host_error); });
}

} // namespace vigil::qmp_bridge
