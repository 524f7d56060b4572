// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_QMP_BRIDGE_FAKE_MACHINE_H
#define VIGIL_TESTS_QMP_BRIDGE_FAKE_MACHINE_H

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/runstate/run_control.h>
#include <vigil/runstate/run_listener.h>

namespace vigil::qmp_bridge {

/// A machine of plain variables with a monitor: no kernel, no devices. Its wall clock always says 1 s 2 µs.
class fake_machine : private runstate::run_control_host {
public:
    explicit fake_machine(vocabulary words = vocabulary::v7_2, std::function<void(qmp_monitor::options&)> adjust = {})
        : control(*this), monitor_(control, make_options(words, adjust))
    {
        monitor_.log = [this](std::string_view line) { log_lines.emplace_back(line); };
    }

    runstate::run_control control;
    qmp_monitor& monitor() noexcept { return monitor_; }

    bool clock_runs = false;
    bool takes_nmi = true;
    std::deque<std::function<void()>> due_timers; ///< run by the next turn in which the clock runs
    std::vector<runstate::ns> armed;              ///< the periods for which the limiter's timer was armed
    std::vector<std::string> log_lines;
    runstate::run_listener* listener = nullptr; ///< beside the monitor
    std::function<void()> nmi_injected;         ///< may be empty
    std::optional<int> exit_status;
    int nmis = 0;
    int resets = 0;
    int button_presses = 0;

    /// Does `what` in a turn of its own, as a device access would.
    void in_a_turn(const std::function<void()>& what)
    {
        const runstate::turn_guard turn(control);
        what();
    }

    /// Brings a new machine into `state`, telling nobody who negotiates later.
    void enter(runstate::run_state state)
    {
        using runstate::run_state;
        if (state == run_state::prelaunch) return;
        if (state == run_state::inmigrate) {
            control.set_state(state);
            return;
        }
        in_a_turn([&] { control.cont(); });
        if (state == run_state::running) return;
        if (state == run_state::suspended) {
            in_a_turn([&] { control.request_suspend(); });
        } else if (runstate::can_transition(run_state::running, state)) {
            in_a_turn([&] { control.request_stop(state); });
        } else {
            in_a_turn([&] { control.stop(); });
            control.set_state(state);
        }
    }

private:
    qmp_monitor::options make_options(vocabulary words, const std::function<void(qmp_monitor::options&)>& adjust)
    {
        qmp_monitor::options opts;
        opts.words = words;
        opts.wall_clock = [] { return timestamp{1, 2}; };
        opts.arm_limiter = [this](runstate::ns period) { armed.push_back(period); };
        if (adjust) adjust(opts);
        return opts;
    }

    void start_clock() override { clock_runs = true; }
    void stop_clock() override { clock_runs = false; }
    bool run_due_timers() override
    {
        if (!clock_runs || due_timers.empty()) return false;
        const auto timer = std::move(due_timers.front());
        due_timers.pop_front();
        timer();
        return true;
    }
    void reset_devices(runstate::reset_kind) override { ++resets; }
    void press_power_button() override { ++button_presses; }
    bool inject_nmi() override
    {
        if (takes_nmi) ++nmis;
        if (nmi_injected) nmi_injected();
        return takes_nmi;
    }
    void emit(const runstate::event& e) override
    {
        monitor_.on_event(e);
        if (listener != nullptr) listener->on_event(e);
    }
    void state_changed(runstate::run_state from, runstate::run_state to) override
    {
        if (listener != nullptr) listener->on_state_changed(from, to);
    }
    void exit_requested(int status, bool at_once) override
    {
        exit_status = status;
        if (listener != nullptr) listener->on_exit_requested(status, at_once);
    }
    void schedule_service() override {}
    void log(std::string_view line) override { log_lines.emplace_back(line); }

    qmp_monitor monitor_;
};

/// Takes note of what is announced while it carries a session.
struct fake_carrier : session_carrier {
    explicit fake_carrier(session& s) : carried(s) { carried.carried_by(this); }
    ~fake_carrier() { carried.carried_by(nullptr); }
    fake_carrier(const fake_carrier&) = delete;
    fake_carrier& operator=(const fake_carrier&) = delete;
    void output_added() override { ++announced; }
    unsigned client_number() const noexcept override { return 1; }

    session& carried;
    int announced = 0;
};

/// Executes everything that waits.
inline void execute_all(session& s)
{
    while (s.pending()) s.execute_one();
}

/// What waits to be sent, taken out; each timestamp of a fake machine's event is written T, so that an event reads
/// `{T "event": …}`.
inline std::string taken(session& s)
{
    std::string text(s.output.unsent());
    s.output.sent(text.size());
    constexpr std::string_view stamp = "\"timestamp\": {\"seconds\": 1, \"microseconds\": 2},";
    for (auto at = text.find(stamp); at != std::string::npos; at = text.find(stamp, at)) {
        text.replace(at, stamp.size(), "T");
    }
    return text;
}

/// Sends `bytes`, has everything executed and returns what comes back.
inline std::string ask(session& s, std::string_view bytes)
{
    s.feed(bytes);
    execute_all(s);
    return taken(s);
}

/// A client that has its greeting behind it.
inline std::unique_ptr<qmp_session> greeted(fake_machine& machine, bool pretty = false)
{
    auto s = machine.monitor().new_session(pretty);
    s->opened();
    taken(*s);
    return s;
}

/// A client in command mode.
inline std::unique_ptr<qmp_session> negotiated(fake_machine& machine, bool pretty = false)
{
    auto s = greeted(machine, pretty);
    ask(*s, R"({"execute": "qmp_capabilities"})");
    return s;
}

/// A client in command mode that enabled out-of-band execution.
inline std::unique_ptr<qmp_session> negotiated_oob(fake_machine& machine)
{
    auto s = greeted(machine);
    ask(*s, R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}})");
    return s;
}

/// The lines, each ended by CR LF on the wire.
inline std::string lines(const std::vector<std::string>& texts)
{
    std::string all;
    for (const std::string& text : texts) all += text + "\r\n";
    return all;
}

/// An error reply, without the line end.
inline std::string error_text(std::string_view kind, std::string_view desc)
{
    return "{\"error\": {\"class\": \"" + std::string(kind) + "\", \"desc\": \"" + std::string(desc) + "\"}}";
}

inline std::string generic(std::string_view desc) { return error_text("GenericError", desc); }

} // namespace vigil::qmp_bridge

#endif
