// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/pump.h>

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include <vigil/qmp-bridge/serve/detail/threaded_event_loop.h>
#include <vigil/qmp-bridge/serve/traffic_observer.h>
#include <vigil/runstate/clock/kernel_time.h>

namespace vigil::qmp_bridge {

using runstate::kernel_time_left;
using runstate::ns;
using runstate::saturating_add;
using runstate::saturating_sub;
using runstate::to_sc_time;

namespace {

constexpr const char* k_waiting_report = "/vigil/qmp-bridge/waiting";
// The default coroutine stack of SystemC is too small for a value nested as deeply as QMP allows, under sanitizers.
constexpr std::size_t k_stack_bytes = 1024 * 1024;
// How long a client that does not read may hold up the end of the run.
constexpr auto k_last_words = std::chrono::seconds(2);
// How long a client that is about to go is waited for at the end of the run: as long as QEMU waits for an answer.
constexpr auto k_farewell = std::chrono::seconds(5);
// How many timers `advance_to` may run before the sockets and signals are looked at.
constexpr int k_steps_per_look = 10'000;
// How many steps of simulated time may pass before commands are served while catching up with the wall clock.
constexpr int k_catch_up_steps = 1000;
// How many deltas without an advance of time may pass before the sockets are looked at.
constexpr int k_settle_deltas = 1000;
// How many it may take others to come to rest, before clients are served all the same.
constexpr int k_settle_beside_others = 16;
// How long other threads' asynchronous updates may have to wait while time stands.
constexpr ns k_longest_hold = std::chrono::milliseconds(10);

// Those of the simulation, in the order in which they were made.
std::vector<pump*>& every_pump() noexcept
{
    static std::vector<pump*> all;
    return all;
}

} // namespace

pump::pump(const sc_core::sc_module_name& name, runstate::controller& controller, const pacing& time)
    : sc_module(name), controller_(controller), pacing_(time), pacer_(time.factor_millionths, time.stall),
      loop_(time.wait == waiting::platform
                ? std::unique_ptr<event_loop>(std::make_unique<threaded_event_loop>([this] { bell_.ring(); }))
                : std::make_unique<kernel_event_loop>())
{
    if (pacing_.wait == waiting::polling && pacing_.time == pace::free) {
        SC_REPORT_ERROR(
            k_waiting_report,
            (std::string(this->name()) + ": waiting::polling needs pace::paced; waiting::platform goes free").c_str());
    }
    controller_.add_listener(*this);
    if (pacing_.wait != waiting::blocking) clients_.output_waits = [this] { stir(); };
    SC_HAS_PROCESS(pump);
    SC_THREAD(run);
    set_stack_size(k_stack_bytes);
    every_pump().push_back(this);
}

pump::~pump()
{
    auto& all = every_pump();
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
    clients_.close_all();
    attempt([this] { loop_->drain(); }); // lets go of the connections that cancelled operations still hold
}

void pump::start_of_simulation() { find_others(); }

void pump::find_others()
{
    for (runstate::controller* machine : runstate::controller::all()) {
        machines_.push_back(machine);
        if (machine != &controller_) machine->add_listener(neighbour_);
    }
    const auto& pumps = every_pump();
    const auto blocks = [](const pump* one) { return one->pacing_.wait == waiting::blocking; };
    if (pumps.size() > 1 && std::any_of(pumps.begin(), pumps.end(), blocks)) {
        SC_REPORT_ERROR(k_waiting_report, (std::string(name()) +
                                           ": where there are several servers, none can wait with waiting::blocking; "
                                           "give them waiting::platform")
                                              .c_str());
    }
    pump_count_ = static_cast<int>(pumps.size());
    if (pacing_.wait != waiting::platform) return;
    const auto first = std::find_if(pumps.begin(), pumps.end(),
                                    [](const pump* one) { return one->pacing_.wait == waiting::platform; });
    holds_time_ = *first == this;
    static_cast<threaded_event_loop&>(*loop_).sleep_with(static_cast<threaded_event_loop&>(*(*first)->loop_));
}

bool pump::ran_dry() const
{
    return !leaving_ && controller_.control().running() && sc_core::sc_get_status() == sc_core::SC_PAUSED &&
           !sc_core::sc_pending_activity();
}

void pump::simulate()
{
    if (pacing_.wait == waiting::platform) {
        const doorbell::attendance attends(bell_);
        sc_core::sc_start();
    } else {
        sc_core::sc_start();
    }
}

void pump::post(std::function<void()> job)
{
    if (std::this_thread::get_id() != thread_) {
        boost::asio::post(loop_->executor(), [this, job = std::move(job)]() mutable { jobs_.post(std::move(job)); });
        return;
    }
    jobs_.post(std::move(job));
    stir();
}

void pump::interrupt(std::function<void()> job) noexcept
{
    jobs_.interrupt(std::move(job));
    attempt([this] { stir(); });
}

void pump::run_now(const std::function<void()>& job)
{
    const runstate::turn_guard turn(controller_.control());
    job();
}

void pump::remove(const server& one) noexcept
{
    servers_.erase(std::remove(servers_.begin(), servers_.end(), &one), servers_.end());
}

void pump::run()
{
    pacer_.anchor();
    while (!leaving_ && !ended_) attempt([this] { go_round(); });
    attempt([this] { finish(); });
    clients_.close_all();
    sc_core::sc_stop();
}

template <class Act> void pump::attempt(Act act)
{
    try {
        act();
        return;
    } catch (const std::bad_alloc&) {
        servers_starve_ = true;
    }
    std::this_thread::sleep_for(event_loop::k_starved_pause);
}

void pump::go_round()
{
    if (servers_starve_) revive_servers();
    settle();
    if (leaving_ || serve()) return;
    clients_.flush_output();
    if (source_.step) {
        ended_ = !source_.step();
    } else if (pacing_.wait == waiting::blocking) {
        idle();
    } else {
        await_client();
    }
}

void pump::revive_servers()
{
    for (server* one : servers_) one->wait_again();
    servers_starve_ = false;
}

bool pump::has_work() const noexcept { return jobs_.has_jobs() || jobs_.has_urgent() || clients_.has_requests(); }

bool pump::serve()
{
    if (!has_work()) return false;
    catch_up();
    jobs_.set_interrupted(false);
    if (jobs_.has_urgent()) run_job(jobs_.take_urgent());
    run_jobs();
    clients_.serve(false);
    return true;
}

void pump::run_jobs()
{
    // What a job posts waits until the clients have had their turn.
    for (std::size_t count = jobs_.size(); count > 0 && jobs_.has_jobs() && !leaving_; --count) run_job(jobs_.take());
}

void pump::run_job(const std::function<void()>& job)
{
    try {
        run_now(job);
        return;
    } catch (const std::bad_alloc&) {
        servers_starve_ = true;
    }
    clients_.close_busy(); // it may have been what a client waits for
}

void pump::settle()
{
    const bool alone = pacing_.wait == waiting::blocking;
    for (int delta = 1; sc_core::sc_pending_activity_at_current_time() && !leaving_; ++delta) {
        if (!alone && delta > k_settle_beside_others) return;
        wait(sc_core::SC_ZERO_TIME);
        if (delta % k_settle_deltas == 0) {
            loop_->poll();
            serve();
        }
    }
}

void pump::come_to_rest()
{
    settle();
    while (!leaving_ && serve()) settle();
}

void pump::idle()
{
    if (pacing_.time == pace::driven || !controller_.control().running()) {
        sleep(event_loop::k_until_woken);
    } else if (pacing_.time == pace::paced) {
        idle_paced();
    } else {
        idle_free();
    }
}

void pump::sleep(ns longest)
{
    if (!has_work() && !leaving_) loop_->sleep(longest);
}

void pump::idle_paced()
{
    if (!sc_core::sc_pending_activity_at_future_time()) {
        sleep(event_loop::k_until_woken);
        pacer_.overlook(); // nothing counted meanwhile
        return;
    }
    look_at_clock();
    const sc_core::sc_time next = sc_core::sc_time_to_pending_activity();
    const ns lag = pacer_.behind();
    if (next <= to_sc_time(lag)) {
        wait(next);
        loop_->poll_now_and_then(); // a simulation slower than the wall clock must not go deaf
        return;
    }
    const ns ahead = saturating_sub(runstate::to_ns(next), lag);
    sleep(std::min(saturating_add(pacer_.wall_time_of(ahead), ns(1)), pacer_.longest_sleep()));
}

void pump::idle_free()
{
    if (!sc_core::sc_pending_activity_at_future_time()) {
        sleep(event_loop::k_until_woken);
        return;
    }
    wait(sc_core::sc_time_to_pending_activity());
    loop_->poll_now_and_then();
}

void pump::look_at_clock()
{
    const ns stalled = pacer_.look();
    if (stalled == ns(0) || !log) return;
    char text[96];
    std::snprintf(text, sizeof text, "stood still for %.3f s, which the machine's time does not count",
                  std::chrono::duration<double>(stalled).count());
    log(text);
}

void pump::catch_up()
{
    if (pacing_.wait != waiting::blocking || pacing_.time != pace::paced || !controller_.control().running()) return;
    look_at_clock();
    const sc_core::sc_time target =
        sc_core::sc_time_stamp() + std::min(to_sc_time(pacer_.behind()), kernel_time_left());
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

void pump::await_client()
{
    loop_->poll();
    if (has_work() || leaving_) return;
    if (time_stands()) {
        hold_time();
    } else if (pacing_.time == pace::paced) {
        keep_pace();
    } else {
        wait(bell_.heard());
    }
}

void pump::stir()
{
    if (pacing_.wait != waiting::blocking) bell_.ring();
}

bool pump::time_stands() const
{
    const auto runs = [](const runstate::controller* machine) {
        return machine->control().running() && !machine->control().exiting();
    };
    return pacing_.time == pace::driven || std::none_of(machines_.begin(), machines_.end(), runs);
}

void pump::hold_time()
{
    if (!holds_time_) {
        wait(bell_.heard());
        return;
    }
    // Who polls beside others is always to be waited for by them.
    if (pacing_.wait == waiting::polling || !sc_core::sc_pending_activity_at_current_time()) {
        loop_->sleep(k_longest_hold / pump_count_);
    }
    wait(sc_core::SC_ZERO_TIME);
}

void pump::keep_pace()
{
    const sc_core::sc_time slice = std::min(to_sc_time(pacing_.quantum), kernel_time_left());
    if (slice == sc_core::SC_ZERO_TIME) {
        wait(bell_.heard()); // nobody can move simulated time any more
        return;
    }
    wait(slice, bell_.heard());
    look_at_clock();
    while (!has_work() && !leaving_ && !time_stands()) {
        const ns ahead = saturating_sub(ns(0), pacer_.behind());
        if (ahead <= ns(0)) return;
        loop_->sleep(std::min(pacer_.wall_time_of(ahead), k_longest_hold));
        look_at_clock();
        wait(sc_core::SC_ZERO_TIME);
    }
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
    attempt([this] { loop_->poll(); });
    if (source_.look) {
        source_.look();
    } else if (!interrupted() && (jobs_.has_jobs() || clients_.has_requests_amid_step())) {
        part_turn([this] {
            run_jobs();
            clients_.serve(true);
        });
    }
    const bool end_here = interrupted();
    if (end_here && clients_.observer() != nullptr) clients_.observer()->step_interrupted();
    advancing_ = false;
    if (source_.look) jobs_.set_interrupted(false); // nobody else will have seen to it
    return end_here;
}

void pump::part_turn(const std::function<void()>& act)
{
    if (clients_.observer() != nullptr) clients_.observer()->turn_parted();
    const runstate::turn_break between(controller_.control());
    clients_.flush_output();
    if (!leaving_) act();
}

void pump::finish()
{
    const auto deadline = event_loop::wall_clock::now() + k_last_words;
    clients_.flush_output();
    clients_.observe(nullptr); // what follows is the end itself
    clients_.send_last_words(*loop_, deadline);
    const bool waits = clients_leave && clients_leave();
    clients_.see_off(*loop_, event_loop::wall_clock::now() + (waits ? k_farewell : k_farewell * 0));
    clients_.close_all();
    loop_->poll(); // a client inside this process hears the last words, too
    jobs_.clear();
}

void pump::on_state_changed(runstate::run_state /*from*/, runstate::run_state to)
{
    if (to == runstate::run_state::running) pacer_.anchor();
    stir();
}

void pump::on_exit_requested(int status, bool /*at_once*/)
{
    leaving_ = true;
    clients_.leave();
    exit_status_ = status;
    stir();
}

} // namespace vigil::qmp_bridge
