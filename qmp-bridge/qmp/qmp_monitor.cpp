// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>
#include <vigil/runstate/clock/host_time.h>

namespace vigil::qmp_bridge {

namespace {

// QEMU: monitor/monitor.c.
constexpr runstate::ns k_limiter_period = std::chrono::seconds(1);

qmp_monitor::options with_defaults(qmp_monitor::options opts)
{
    if (!opts.wall_clock) opts.wall_clock = [] { return to_timestamp(runstate::time_of_day()); };
    return opts;
}

// That no monitor's command, nor any of those before it, has the name of `added`.
void require_new_name(const std::vector<own_command>& before, std::size_t count, const command& added)
{
    const auto has_it = [&](const command& one) { return one.name == added.name; };
    const auto known = qmp_bridge::commands();
    const auto end = before.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::none_of(known.begin(), known.end(), has_it) && std::none_of(before.begin(), end, has_it)) return;
    throw std::invalid_argument("There is a QMP command '" + std::string(added.name) + "' already");
}

template <class Event> std::string event_line(const Event& e, timestamp at, vocabulary words)
{
    std::string line = "{\"timestamp\": ";
    print(line, at, words);
    line += ", \"event\": \"";
    line += Event::name;
    line += '"';
    if constexpr (std::tuple_size_v<std::decay_t<decltype(described<Event>::members)>> != 0) {
        line += ", \"data\": ";
        print(line, e, words);
    }
    line += "}\r\n";
    return line;
}

} // namespace

timestamp to_timestamp(std::chrono::microseconds since_1970)
{
    const auto [seconds, microseconds] = runstate::split(since_1970);
    return {seconds, microseconds};
}

qmp_monitor::qmp_monitor(runstate::run_control& control, options opts)
    : control_(control), options_(with_defaults(std::move(opts))),
      watchdog_limiter_(k_limiter_period, options_.arm_limiter, [this](const std::string& line) { deliver(line); }),
      in_preconfig_(options_.preconfig)
{
    const std::vector<own_command>& all = options_.commands;
    for (std::size_t i = 0; i < all.size(); ++i) require_new_name(all, i, all[i]);
}

qmp_monitor::~qmp_monitor() = default;

void qmp_monitor::add_command(own_command one)
{
    require_new_name(options_.commands, options_.commands.size(), one);
    options_.commands.push_back(std::move(one));
}

std::unique_ptr<qmp_session> qmp_monitor::new_session(bool pretty, std::string server)
{
    std::unique_ptr<qmp_session> made(new qmp_session(*this, ++last_session_id_, pretty, std::move(server)));
    sessions_.push_back(made.get());
    return made;
}

std::size_t qmp_monitor::unsent(const qmp_session& one, std::size_t of_interest) const
{
    return options_.unsent ? options_.unsent(one, of_interest) : one.unsent_bytes();
}

void qmp_monitor::start_over()
{
    watchdog_limiter_.reset();
    capabilities_.clear();
    last_session_id_ = 0;
    events_dropped_ = 0;
}

void qmp_monitor::limiter_timer_expired() { watchdog_limiter_.on_timer(); }

bool qmp_monitor::offers(qmp_capability capability) const noexcept
{
    return capability == qmp_capability::oob && options_.words >= vocabulary::v7_2;
}

const command* qmp_monitor::find_command(std::string_view name) const noexcept
{
    if (const command* found = qmp_bridge::find_command(name, options_.words)) return found;
    for (const command& one : options_.commands) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

std::string_view qmp_monitor::type_at(std::string_view path) const
{
    if (options_.objects == nullptr) return {};
    const auto found = options_.objects->find(path);
    return found ? std::string_view((*found)->type) : std::string_view();
}

void qmp_monitor::set(migration_capability one, bool on)
{
    if (!on) {
        capabilities_.erase(one);
    } else if (capabilities_.insert(one).second && log) {
        log("migration capability '" + std::string(runstate::to_string(one)) +
            "' is noted, but no event tells of a migration: query-migrate does");
    }
}

void qmp_monitor::leave_preconfig()
{
    in_preconfig_ = false;
    if (options_.exit_preconfig) options_.exit_preconfig();
}

void qmp_monitor::on_event(const runstate::event& e)
{
    const auto tell = [this](const auto& one) {
        using type = std::decay_t<decltype(one)>;
        if (!can_say(one, options_.words)) return;
        std::string line = event_line(one, options_.wall_clock(), options_.words);
        if (described<type>::limited && options_.arm_limiter) {
            watchdog_limiter_.offer(std::move(line));
        } else {
            deliver(line);
        }
    };
    // Whoever causes an event goes on where it cannot be told.
    try {
        std::visit(tell, e);
    } catch (const std::bad_alloc&) {
        miss_event();
    }
}

void qmp_monitor::deliver(const std::string& line)
{
    std::string pretty;
    for (qmp_session* one : sessions_) {
        if (one->negotiating()) continue;
        try {
            if (one->pretty_ && pretty.empty()) pretty = qmp_session::over_several_lines(line);
            one->append_event(one->pretty_ ? pretty : line);
        } catch (const std::bad_alloc&) {
            one->miss_event();
        }
    }
}

void qmp_monitor::miss_event()
{
    for (qmp_session* one : sessions_) {
        if (!one->negotiating()) one->miss_event();
    }
}

void qmp_monitor::forget(const qmp_session& closed)
{
    sessions_.erase(std::remove(sessions_.begin(), sessions_.end(), &closed), sessions_.end());
}

} // namespace vigil::qmp_bridge
