// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/pump.h>

#include <algorithm>
#include <new>
#include <thread>
#include <utility>

#include <vigil/qmp-bridge/serve/detail/connection.h>
#include <vigil/qmp-bridge/serve/traffic_observer.h>
#include <vigil/runstate/clock/kernel_time.h>

namespace vigil::qmp_bridge {

using runstate::kernel_time_left;
using runstate::ns;
using runstate::saturating_add;
using runstate::saturating_sub;
using runstate::to_sc_time;

namespace {

// The default coroutine stack of SystemC is too small for a value nested as deeply as QMP allows, under sanitizers.
constexpr std::size_t k_stack_bytes = 1024 * 1024;
// How long a client that does not read may hold up the end of the run.
constexpr auto k_last_words = std::chrono::seconds(2);
// `free`: the longest the sockets go unlooked at while simulated time runs.
constexpr auto k_free_poll_interval = std::chrono::microseconds(200);
// Where nothing but a client, a job or a signal can end a sleep.
constexpr ns k_until_woken = ns::max();
// The longest of other sleeps, for event loops that cannot take more.
constexpr ns k_longest_sleep = std::chrono::hours(1);
// How far off an alarm that is set already may be to serve for another sleep, too.
constexpr auto k_alarm_tolerance = std::chrono::microseconds(1);
// How long nothing is done where memory has run out.
constexpr auto k_starved_pause = std::chrono::milliseconds(1);
// How many timers `advance_to` may run before the sockets and signals are looked at.
constexpr int k_steps_per_look = 10'000;
// How many steps of simulated time may pass before commands are served while catching up with the wall clock.
constexpr int k_catch_up_steps = 1000;
// How many deltas without an advance of time may pass before the sockets are looked at.
constexpr int k_settle_deltas = 1000;

// a * b / c without overflow on the way, held at the ends of the range.
ns scaled(ns a, std::uint64_t b, std::uint64_t c)
{
    __extension__ using wide = __int128;
    const wide result = static_cast<wide>(a.count()) * static_cast<wide>(b) / static_cast<wide>(c);
    return ns(static_cast<ns::rep>(std::clamp<wide>(result, ns::min().count(), ns::max().count())));
}

constexpr std::uint64_t k_million = 1'000'000;

} // namespace

pump::pump(const sc_core::sc_module_name& name, runstate::controller& controller, const pacing& time)
    : sc_module(name), controller_(controller), pacing_(time)
{
    controller_.add_listener(*this);
    SC_HAS_PROCESS(pump);
    SC_THREAD(run);
    set_stack_size(k_stack_bytes);
}

pump::~pump()
{
    controller_.remove_listener(*this);
    close_clients();
    io_.restart();
    attempt([this] { io_.poll(); }); // lets go of the connections that cancelled operations still hold
}

void pump::post(std::function<void()> job) { jobs_.push_back(std::move(job)); }

void pump::interrupt(std::function<void()> job) noexcept
{
    if (!urgent_) urgent_ = std::move(job);
    interrupted_ = true;
}

void pump::run_now(const std::function<void()>& job)
{
    const runstate::turn_guard turn(controller_.control());
    job();
}

void pump::ready(const std::shared_ptr<connection>& client) { ready_.push_back(client); }

void pump::has_output(const std::shared_ptr<connection>& client)
{
    client->tell_output();
    if (std::find(with_output_.begin(), with_output_.end(), client) == with_output_.end()) {
        with_output_.push_back(client);
    }
}

unsigned pump::add(const std::shared_ptr<connection>& client)
{
    const std::size_t room = connections_.size() + 1;
    for (auto* clients : {&connections_, &with_output_, &flushing_}) {
        if (clients->capacity() < room) clients->reserve(2 * room);
    }
    connections_.push_back(client);
    return ++clients_so_far_;
}

void pump::remove(const connection& client) noexcept
{
    const auto is_client = [&](const std::shared_ptr<connection>& c) { return c.get() == &client; };
    for (auto* clients : {&with_output_, &connections_}) {
        clients->erase(std::remove_if(clients->begin(), clients->end(), is_client), clients->end());
    }
}

void pump::remove(const server& one) noexcept
{
    servers_.erase(std::remove(servers_.begin(), servers_.end(), &one), servers_.end());
}

void pump::run()
{
    anchor();
    while (!leaving_ && !ended_) attempt([this] { go_round(); });
    attempt([this] { finish(); });
    close_clients();
    sc_core::sc_stop();
}

template <class Act> void pump::attempt(Act act)
{
    try {
        act();
        return;
    } catch (const std::bad_alloc&) {
        starved_ = true;
    }
    std::this_thread::sleep_for(k_starved_pause);
}

void pump::go_round()
{
    if (starved_) revive_servers();
    settle();
    if (leaving_ || serve()) return;
    flush_events();
    if (source_.step) {
        ended_ = !source_.step();
    } else if (pacing_.wait == waiting::polling) {
        poll_once();
    } else {
        idle();
    }
}

void pump::revive_servers()
{
    for (server* one : servers_) one->wait_again();
    starved_ = false;
}

bool pump::has_work() const noexcept { return !jobs_.empty() || !ready_.empty() || urgent_; }

bool pump::serve()
{
    if (!has_work()) return false;
    catch_up();
    interrupted_ = false;
    if (const auto job = std::exchange(urgent_, nullptr)) run_job(job);
    run_jobs();
    serve_clients(false);
    return true;
}

void pump::run_jobs()
{
    // What a job posts waits until the clients have had their turn.
    for (std::size_t count = jobs_.size(); count > 0 && !jobs_.empty() && !leaving_; --count) {
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        run_job(job);
    }
}

void pump::run_job(const std::function<void()>& job)
{
    try {
        run_now(job);
        return;
    } catch (const std::bad_alloc&) {
        starved_ = true;
    }
    // It may have been what a client waits for.
    for (std::size_t i = connections_.size(); i > 0; --i) {
        const std::shared_ptr<connection> client = connections_[i - 1];
        if (client->conversation().busy()) client->close();
    }
}

void pump::serve_clients(bool amid_step)
{
    // One batch of each client that is ready now, so that no flood of one starves another.
    std::size_t passed_over = 0;
    for (std::size_t clients = ready_.size(); clients > 0 && passed_over < ready_.size() && !leaving_; --clients) {
        const auto next = ready_.begin() + static_cast<std::ptrdiff_t>(passed_over);
        if (amid_step && !(*next)->conversation().served_amid_steps()) {
            ++passed_over;
            continue;
        }
        const std::shared_ptr<connection> client = std::move(*next);
        ready_.erase(next);
        client->execute_batch();
        flush_events(); // what the batch caused for others leaves before its own replies
        client->finish_batch();
    }
}

void pump::flush_events()
{
    while (!with_output_.empty()) {
        flushing_.swap(with_output_);
        for (const auto& client : flushing_) client->resume();
        flushing_.clear();
    }
}

void pump::settle()
{
    for (int delta = 1; sc_core::sc_pending_activity_at_current_time() && !leaving_; ++delta) {
        wait(sc_core::SC_ZERO_TIME);
        if (delta % k_settle_deltas == 0) {
            io_.poll();
            serve();
        }
    }
}

void pump::idle()
{
    if (pacing_.time == pace::driven || !controller_.control().running()) {
        sleep(k_until_woken);
    } else if (pacing_.time == pace::paced) {
        idle_paced();
    } else {
        idle_free();
    }
}

void pump::sleep(ns longest)
{
    if (has_work() || leaving_) return;
    if (longest != k_until_woken) wake_at(wall_clock::now() + std::min(longest, k_longest_sleep));
    io_.run_one();
    last_poll_ = wall_clock::now();
}

void pump::wake_at(wall_clock::time_point when)
{
    if (alarm_set_ && std::chrono::abs(alarm_.expiry() - when) < k_alarm_tolerance) return;
    alarm_set_ = false;
    alarm_.expires_at(when);
    alarm_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) alarm_set_ = false;
    });
    alarm_set_ = true;
}

void pump::idle_paced()
{
    if (!sc_core::sc_pending_activity_at_future_time()) {
        sleep(k_until_woken);
        return;
    }
    const sc_core::sc_time next = sc_core::sc_time_to_pending_activity();
    const ns lag = behind();
    if (next <= to_sc_time(lag)) {
        wait(next);
        // A simulation slower than the wall clock must not go deaf.
        if (wall_clock::now() - last_poll_ > k_free_poll_interval) {
            io_.poll();
            last_poll_ = wall_clock::now();
        }
        return;
    }
    const ns ahead = saturating_sub(runstate::to_ns(next), lag);
    sleep(saturating_add(scaled(ahead, k_million, pacing_.factor_millionths), ns(1)));
}

void pump::idle_free()
{
    if (!sc_core::sc_pending_activity_at_future_time()) {
        sleep(k_until_woken);
        return;
    }
    wait(sc_core::sc_time_to_pending_activity());
    const auto now = wall_clock::now();
    if (now - last_poll_ > k_free_poll_interval) {
        last_poll_ = now;
        io_.poll();
    }
}

void pump::catch_up()
{
    if (pacing_.wait != waiting::blocking || pacing_.time != pace::paced || !controller_.control().running()) return;
    const sc_core::sc_time target = sc_core::sc_time_stamp() + std::min(to_sc_time(behind()), kernel_time_left());
    for (int step = 0; step < k_catch_up_steps && !leaving_ && controller_.control().running(); ++step) {
        if (sc_core::sc_time_stamp() >= target) break;
        step_towards(target);
    }
}

void pump::step_towards(const sc_core::sc_time& target)
{
    sc_core::sc_time next = target - sc_core::sc_time_stamp();
    if (sc_core::sc_pending_activity_at_future_time()) next = std::min(next, sc_core::sc_time_to_pending_activity());
    wait(next);
    while (sc_core::sc_pending_activity_at_current_time()) wait(sc_core::SC_ZERO_TIME);
}

void pump::wait_until(ns time)
{
    const sc_core::sc_time target = std::min(to_sc_time(time), sc_core::sc_time_stamp() + kernel_time_left());
    while (!leaving_ && sc_core::sc_time_stamp() < target) step_towards(target);
}

void pump::poll_once()
{
    io_.poll();
    if (has_work() || leaving_) return;
    const sc_core::sc_time slice = std::min(to_sc_time(pacing_.quantum), kernel_time_left());
    if (slice == sc_core::SC_ZERO_TIME) {
        wait(); // for ever: nobody can move simulated time any more
    }
    wait(slice);
    if (pacing_.time != pace::paced) return;
    const ns ahead = saturating_sub(ns(0), behind());
    if (ahead > ns(0)) io_.run_one_for(scaled(ahead, k_million, pacing_.factor_millionths));
}

void pump::advance_to(ns target)
{
    runstate::vm_clock& clock = controller_.clock;
    for (int steps = 1; clock.running(); ++steps) {
        if (steps % k_steps_per_look == 0 && look()) return;
        clock.run_due();
        if (leaving_ || clock.now() >= target) return;
        if (!clock.running()) break; // a timer stopped the machine on the spot
        pass_until(std::min(clock.next_deadline(), target));
    }
    if (!leaving_ && target > clock.now()) clock.skip(target - clock.now());
}

void pump::pass_until(ns time)
{
    runstate::vm_clock& clock = controller_.clock;
    const sc_core::sc_time left = kernel_time_left();
    if (left == sc_core::SC_ZERO_TIME) {
        clock.leap(saturating_sub(time, clock.now()));
    } else {
        wait(std::min(clock.time_until(time), left));
    }
}

bool pump::look()
{
    ++looks_;
    advancing_ = true;
    attempt([this] { io_.poll(); });
    if (source_.look) {
        source_.look();
    } else if (!interrupted_ && has_work_amid_step()) {
        part_turn([this] {
            run_jobs();
            serve_clients(true);
        });
    }
    if (interrupted_ && observer_ != nullptr) observer_->step_interrupted();
    advancing_ = false;
    const bool end_here = interrupted_;
    if (source_.look) interrupted_ = false; // nobody else will have seen to it
    return end_here;
}

bool pump::has_work_amid_step() const
{
    const auto is_served = [](const auto& client) { return client->conversation().served_amid_steps(); };
    return !jobs_.empty() || std::any_of(ready_.begin(), ready_.end(), is_served);
}

void pump::part_turn(const std::function<void()>& act)
{
    if (observer_ != nullptr) observer_->turn_parted();
    const runstate::turn_break between(controller_.control());
    flush_events();
    if (!leaving_) act();
}

void pump::finish()
{
    const auto deadline = wall_clock::now() + k_last_words;
    flush_events();
    observer_ = nullptr;                                    // what follows is the end itself
    for (std::size_t i = connections_.size(); i > 0; --i) { // it goes where it cannot be reached any more
        const std::shared_ptr<connection> client = connections_[i - 1];
        client->flush();
    }
    const auto waits = [](const std::shared_ptr<connection>& c) { return c->has_unsent(); };
    while (std::any_of(connections_.begin(), connections_.end(), waits) && wall_clock::now() < deadline) {
        io_.run_one_until(deadline);
    }
    close_clients();
    io_.poll(); // a client inside this process hears the last words, too
    ready_.clear();
    jobs_.clear();
}

void pump::close_clients() noexcept
{
    while (!connections_.empty()) {
        const std::shared_ptr<connection> client = connections_.back();
        client->close();
        remove(*client);
    }
}

void pump::anchor() noexcept
{
    wall_anchor_ = wall_clock::now();
    last_poll_ = wall_anchor_;
    simulated_anchor_ = sc_core::sc_time_stamp();
}

ns pump::behind() const
{
    const ns wall = std::chrono::duration_cast<ns>(wall_clock::now() - wall_anchor_);
    const ns simulated = runstate::to_ns(sc_core::sc_time_stamp() - simulated_anchor_);
    return saturating_sub(scaled(wall, pacing_.factor_millionths, k_million), simulated);
}

void pump::on_state_changed(runstate::run_state /*from*/, runstate::run_state to)
{
    if (to == runstate::run_state::running) anchor();
}

void pump::on_exit_requested(int status, bool /*at_once*/)
{
    leaving_ = true;
    exit_status_ = status;
}

} // namespace vigil::qmp_bridge
