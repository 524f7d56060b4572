// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_PUMP_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_PUMP_H

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <systemc>

#include <vigil/qmp-bridge/serve/detail/name_resolver.h>
#include <vigil/qmp-bridge/serve/pacing.h>
#include <vigil/qmp-bridge/session/request_budget.h>
#include <vigil/qmp-bridge/session/session.h>
#include <vigil/runstate/controller.h>

namespace vigil::qmp_bridge {

class connection;
struct traffic_observer;

/// Runs an Asio event loop inside the SystemC kernel: one SC_THREAD, no host threads but the one that looks names up,
/// no locks. Socket handlers only frame and queue; commands are executed by this thread outside the event loop, because
/// a command may take simulated time. When the controller says that the run is over, every client gets what waits for
/// it, the connections are closed, and `sc_stop` is called.
///
/// `advance_to` may run any number of timers. Every so many of them it looks at the clients: whoever is served amid
/// such a step (monitors; not those who step the clock themselves) has its turn, and so have posted jobs. The turn in
/// which the step was asked for is parted in two there, and only there: what was requested so far is served first, as
/// between two commands. Then the step goes on to its target by whatever the clock and the run state are now; it ends
/// early only for what interrupts it, and at the end of the run.
///
/// Where memory runs out, the client for whom it was wanted is told so, or closed; the loop goes on.
class pump : public sc_core::sc_module, private runstate::run_listener {
public:
    pump(const sc_core::sc_module_name& name, runstate::controller& controller, const pacing& time);
    ~pump() override;

    boost::asio::io_context& io() noexcept { return io_; }
    const pacing& settings() const noexcept { return pacing_; }

    /// Has `job` run by the pump's thread as soon as it gets to it, inside a turn.
    void post(std::function<void()> job);

    /// As `post`, for what cannot wait, such as a termination signal: an `advance_to` or a wait for the first client
    /// under way ends early. Only the first such job is sure to be run.
    void interrupt(std::function<void()> job) noexcept;
    /// Whether such a job waits.
    bool interrupted() const noexcept { return interrupted_; }

    /// Moves virtual time to `target`: takes simulated time, with each timer run at its own moment, where the machine
    /// runs; moves just the number where it does not. Where the kernel's own time is at its end, virtual time goes on
    /// without it. Nothing where `target` has passed. From the pump's thread only.
    void advance_to(runstate::ns target);

    // For a source of work other than clients.

    /// Gives work where there are no clients, as in a run that repeats a recorded one.
    struct source {
        std::function<bool()> step; ///< called when nothing else is to do; returns false when the run is to end
        std::function<void()> look; ///< called where clients would be looked at amid a step of the clock
    };
    void set_source(source from) { source_ = std::move(from); }
    /// Takes simulated time until `time`, or the end of the run. From the pump's thread only.
    void wait_until(runstate::ns time);
    /// Runs `job` at once, as it would have run after `post`.
    void run_now(const std::function<void()>& job);
    /// Ends the `advance_to` under way.
    void interrupt_step() noexcept { interrupted_ = true; }
    /// Amid a step of the clock: does `act` between the two turns that the step's own is parted in.
    void part_turn(const std::function<void()>& act);
    /// Which look at the clients, amid steps of the clock, was the last one; 0 where no such step is under way.
    std::uint64_t look_number() const noexcept { return advancing_ ? looks_ : 0; }

    /// The status that the run ended with; 0 before.
    int exit_status() const noexcept { return exit_status_; }
    /// Whether the run is over.
    bool leaving() const noexcept { return leaving_; }

    /// Has `observer` told of all traffic; null: nobody. To be said before any client comes.
    void observe(traffic_observer* observer) noexcept { observer_ = observer; }

    // For servers.

    /// Whoever listens or connects for as long as it lives, and must not be stopped by one allocation that fails.
    struct server {
        /// Waits for clients again, where it does not; may throw std::bad_alloc, and is called again then.
        virtual void wait_again() = 0;

    protected:
        ~server() = default;
    };
    void add(server& one) { servers_.push_back(&one); }
    void remove(const server& one) noexcept;
    /// Has `wait_again` called soon.
    void starved() noexcept { starved_ = true; }

    // For connections.

    name_resolver& names() noexcept { return names_; }
    /// What the clients' requests may hold.
    request_budget& requests() noexcept { return requests_; }

    traffic_observer* observer() const noexcept { return observer_; }
    /// The connection has a request to be executed.
    void ready(const std::shared_ptr<connection>& client);
    /// The connection has bytes to send that its own request did not cause.
    void has_output(const std::shared_ptr<connection>& client);
    /// Takes a new client in; returns its number.
    unsigned add(const std::shared_ptr<connection>& client);
    void remove(const connection& client) noexcept;

private:
    using wall_clock = std::chrono::steady_clock;

    void run(); ///< the thread
    template <class Act> void attempt(Act act);
    void go_round(); ///< serves, or waits for something to serve
    void revive_servers();
    bool serve(); ///< executes what is ready; returns whether anything was
    void run_jobs();
    void run_job(const std::function<void()>& job); ///< which may want memory
    void serve_clients(bool amid_step);             ///< a batch of each that is ready
    bool has_work() const noexcept;
    bool has_work_amid_step() const;
    void flush_events(); ///< sends what events added
    void settle();       ///< lets everything else at the current time happen
    void idle();         ///< advances time or sleeps until there is something to do
    void idle_paced();
    void idle_free();
    void sleep(runstate::ns longest);                  ///< until a client, a job or the time wakes it (wall-clock time)
    void wake_at(wall_clock::time_point when);         ///< ends a sleep in the event loop, to the microsecond
    void catch_up();                                   ///< paced: brings simulated time to where the wall clock is
    void step_towards(const sc_core::sc_time& target); ///< takes time, until the next thing happens at most
    void pass_until(runstate::ns time);                ///< lets virtual time, which runs, come to `time` at most
    bool look();                                       ///< amid a step of the clock; returns whether it must end here
    void poll_once();                                  ///< polling mode: one look at the sockets, then one quantum
    void finish();                                     ///< flushes and closes every client
    void close_clients() noexcept;
    void anchor() noexcept;      ///< paced: from here on, simulated and wall-clock time advance together
    runstate::ns behind() const; ///< paced: simulated time that the wall clock is ahead by

    // run_listener
    void on_state_changed(runstate::run_state from, runstate::run_state to) override;
    void on_exit_requested(int status, bool at_once) override;

    runstate::controller& controller_;
    const pacing pacing_;
    request_budget requests_;
    boost::asio::io_context io_{1};
    name_resolver names_{io_};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
    std::function<void()> urgent_; ///< the job that interrupts
    std::deque<std::function<void()>> jobs_;
    std::deque<std::shared_ptr<connection>> ready_;
    std::vector<std::shared_ptr<connection>> with_output_; ///< this one and the next have room for all connections
    std::vector<std::shared_ptr<connection>> flushing_;
    std::vector<std::shared_ptr<connection>> connections_;
    std::vector<server*> servers_;
    traffic_observer* observer_ = nullptr;
    source source_;
    std::uint64_t looks_ = 0; ///< amid steps of the clock
    bool advancing_ = false;  ///< such a step is under way
    unsigned clients_so_far_ = 0;
    wall_clock::time_point wall_anchor_;
    sc_core::sc_time simulated_anchor_;
    wall_clock::time_point last_poll_;
    boost::asio::steady_timer alarm_{io_};
    bool alarm_set_ = false;
    int exit_status_ = 0;
    bool leaving_ = false;
    bool interrupted_ = false;
    bool starved_ = false; ///< servers may have stopped waiting
    bool ended_ = false;   ///< a source has nothing more
};

} // namespace vigil::qmp_bridge

#endif
