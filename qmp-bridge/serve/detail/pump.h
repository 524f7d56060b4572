// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_PUMP_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_PUMP_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <systemc>

#include <vigil/qmp-bridge/serve/detail/client_roster.h>
#include <vigil/qmp-bridge/serve/detail/doorbell.h>
#include <vigil/qmp-bridge/serve/detail/event_loop.h>
#include <vigil/qmp-bridge/serve/detail/job_queue.h>
#include <vigil/qmp-bridge/serve/detail/name_resolver.h>
#include <vigil/qmp-bridge/serve/detail/pacer.h>
#include <vigil/qmp-bridge/serve/pacing.h>
#include <vigil/runstate/controller.h>

namespace vigil::qmp_bridge {

/// Runs an Asio event loop inside the SystemC kernel: one SC_THREAD, no locks. The only host threads are one that looks
/// names up and, where it waits as a part of a platform, one that waits. Socket handlers only frame and queue; commands
/// are executed by this thread outside the event loop, because a command may take simulated time. When the controller
/// says that the run is over, every client gets what waits for it, the connections are closed, and `sc_stop` is called.
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

    /// For sockets and timers whose handlers are to run in the kernel's thread.
    boost::asio::any_io_executor executor() { return loop_->executor(); }
    /// Before the thread runs: runs the handlers that are ready, or waits for some.
    void poll_io() { loop_->poll(); }
    void wait_for_io() { loop_->sleep(event_loop::k_until_woken); }

    /// Whether simulation has come to an end by itself, for want of events, while the machine ran.
    bool ran_dry() const;
    /// As `sc_start()`, but does not return for want of events while clients may come.
    void simulate();
    client_roster& clients() noexcept { return clients_; }
    name_resolver& names() noexcept { return names_; }
    const pacing& settings() const noexcept { return pacing_; }

    /// Has `job` run by the pump's thread as soon as it gets to it, inside a turn. From any thread.
    void post(std::function<void()> job);

    /// As `post`, for what cannot wait, such as a termination signal: an `advance_to` or a wait for the first client
    /// under way ends early. Only the first such job is sure to be run. From the kernel's thread, as handlers are.
    void interrupt(std::function<void()> job) noexcept;
    /// Whether such a job waits.
    bool interrupted() const noexcept { return jobs_.interrupted(); }

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
    /// Lets everything else at the current time happen, and what was posted meanwhile. From the pump's thread only.
    void come_to_rest();
    /// Runs `job` at once, as it would have run after `post`.
    void run_now(const std::function<void()>& job);
    /// Ends the `advance_to` under way.
    void interrupt_step() noexcept { jobs_.set_interrupted(true); }
    /// Amid a step of the clock: does `act` between the two turns that the step's own is parted in.
    void part_turn(const std::function<void()>& act);
    /// Which look at the clients, amid steps of the clock, was the last one; 0 where no such step is under way.
    std::uint64_t look_number() const noexcept { return advancing_ ? looks_ : 0; }

    /// Told of what a user should know; may be empty.
    std::function<void(std::string_view)> log;

    /// Whether the clients that are seen off are about to go by themselves, and so are waited for at the end of the
    /// run; may be empty.
    std::function<bool()> clients_leave;

    /// The status that the run ended with; 0 before.
    int exit_status() const noexcept { return exit_status_; }
    /// Whether the run is over.
    bool leaving() const noexcept { return leaving_; }

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
    /// Memory has run out for a server: has `wait_again` called soon.
    void revive_soon() noexcept { servers_starve_ = true; }

private:
    void run(); ///< the thread
    template <class Act> void attempt(Act act);
    void go_round(); ///< serves, or waits for something to serve
    void revive_servers();
    bool serve(); ///< executes what is ready; returns whether anything was
    void run_jobs();
    void run_job(const std::function<void()>& job); ///< which may want memory
    bool has_work() const noexcept;
    void settle(); ///< lets everything else at the current time happen
    void idle();   ///< advances time or sleeps until there is something to do
    void idle_paced();
    void idle_free();
    void sleep(runstate::ns longest);                  ///< until a client, a job or the time wakes it (wall-clock time)
    void look_at_clock();                              ///< paced: a stall is not to be caught up
    void catch_up();                                   ///< paced: brings simulated time to where the wall clock is
    void step_towards(const sc_core::sc_time& target); ///< takes time, until the next thing happens at most
    void pass_until(runstate::ns time);                ///< lets virtual time, which runs, come to `time` at most
    bool look();                                       ///< amid a step of the clock; returns whether it must end here
    void await_client();                               ///< as a part of a platform
    bool time_stands() const;                          ///< whether no machine runs that time could pass for
    void hold_time();                                  ///< for the next delta cycle
    void keep_pace();                                  ///< lets a quantum pass, and the wall clock come after it
    void stir();                                       ///< ends the wait of `await_client`
    void finish();                                     ///< flushes and closes every client

    void start_of_simulation() override;
    void find_others();

    // run_listener
    void on_state_changed(runstate::run_state from, runstate::run_state to) override;
    void on_exit_requested(int status, bool at_once) override;

    runstate::controller& controller_;
    const pacing pacing_;
    pacer pacer_;
    doorbell bell_{"bell"};
    const std::unique_ptr<event_loop> loop_;
    name_resolver names_{loop_->executor()};
    job_queue jobs_;
    client_roster clients_;
    std::vector<server*> servers_;
    source source_;
    /// Tells of the simulation's other machines.
    struct neighbour final : runstate::run_listener {
        explicit neighbour(pump& owner) : owner_(owner) {}
        void on_state_changed(runstate::run_state, runstate::run_state) override { owner_.stir(); }
        void on_exit_requested(int, bool) override { owner_.stir(); }
        pump& owner_;
    };
    neighbour neighbour_{*this};
    std::vector<const runstate::controller*> machines_; ///< all of the simulation
    int pump_count_ = 1;                                ///< in the simulation
    bool holds_time_ = true;                            ///< rather than another of them
    const std::thread::id thread_ = std::this_thread::get_id();
    std::uint64_t looks_ = 0; ///< amid steps of the clock
    bool advancing_ = false;  ///< such a step is under way
    int exit_status_ = 0;
    bool leaving_ = false;
    bool servers_starve_ = false; ///< some may have stopped waiting
    bool ended_ = false;          ///< a source has nothing more
};

} // namespace vigil::qmp_bridge

#endif
