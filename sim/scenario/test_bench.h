// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SCENARIO_TEST_BENCH_H
#define VIGIL_SIM_SCENARIO_TEST_BENCH_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/serve/local_clients.h>
#include <vigil/runstate/clock/time.h>
#include <vigil/runstate/result.h>
#include <vigil/runstate/run_listener.h>
#include <vigil/sim/report/scenario_outcome.h>
#include <vigil/sim/simulation.h>

namespace vigil::sim {

/// A QMP event as a client got it.
struct seen_event {
    runstate::ns at{0}; ///< of the VM clock
    std::string name;
    boost::json::object data;
};

/// What one scenario has of its machine: a QMP client, which negotiates at once, and a qtest client.
class test_bench : private runstate::run_listener {
public:
    /// The servers that its clients connect to, as a machine for scenarios has them (see `machine_arguments`).
    static constexpr unsigned k_qmp_server = 0;
    static constexpr unsigned k_qtest_server = 1;

    /// Told of what the clients say, before they do.
    using said = std::function<void(unsigned server, std::string_view bytes)>;

    test_bench(simulation& run, qmp_bridge::local_clients& clients, said tell);
    ~test_bench();
    test_bench(const test_bench&) = delete;
    test_bench& operator=(const test_bench&) = delete;

    /// Says what a former bench's clients said.
    void repeat(unsigned server, std::string_view bytes);

    /// Executes a qtest line; returns what follows OK, or why it failed.
    runstate::result<std::string> qtest(const std::string& line);
    /// The same for a line that is answered with a number.
    runstate::result<std::uint64_t> qtest_number(const std::string& line);

    /// Executes a QMP command; returns the whole reply, or says that it is no JSON object or that the run is over.
    runstate::result<boost::json::object> qmp(const std::string& text);

    /// Lets virtual time pass up to `target`, from timer to timer, until `enough`; it ends early where it stands still.
    void run_until(runstate::ns target, const std::function<bool()>& enough = {});

    runstate::ns now() const;
    bool runs() const; ///< whether virtual time passes
    bool run_over() const noexcept { return clients_.run_over(); }
    /// Whether taking the machine back to where it was undoes all that was done to it.
    bool can_be_undone() const noexcept { return can_be_undone_ && !run_over(); }
    std::string_view status() const; ///< the run state
    const std::vector<seen_event>& events() const noexcept { return events_; }
    /// What happened to the machine: run states, stages of watchdogs, events, and what `add_mark` adds.
    const std::vector<timeline_mark>& timeline() const noexcept { return timeline_; }
    void add_mark(timeline_mark::kind what, std::string source, std::string label, std::string detail = {});
    machine& guest() noexcept { return run_.guest(); }

    /// Configuration space of the PCI function at slot · 8 + function.
    runstate::result<std::uint64_t> read_config(unsigned devfn, unsigned offset, unsigned width);
    std::optional<runstate::refusal> write_config(unsigned devfn, unsigned offset, unsigned width, std::uint64_t value);

private:
    void on_state_changed(runstate::run_state from, runstate::run_state to) override;
    void watch_stages();
    void hear_qmp(std::string_view bytes);
    void say(unsigned server, std::string_view bytes);
    void note_command(const std::string& text);
    std::optional<runstate::refusal> select_config(unsigned devfn, unsigned offset);

    simulation& run_;
    qmp_bridge::local_clients& clients_;
    said tell_;
    std::unique_ptr<qmp_bridge::local_client> qmp_;
    std::unique_ptr<qmp_bridge::local_client> qtest_;
    qmp_bridge::json_reader reader_;
    std::vector<seen_event> events_;
    std::vector<timeline_mark> timeline_;
    std::optional<boost::json::object> reply_;
    std::string qtest_heard_;
    bool can_be_undone_ = true;
};

/// Reads a number as scenarios and qtest write it: decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> parse_number(std::string_view text);
std::string hex(std::uint64_t value); ///< with 0x

} // namespace vigil::sim

#endif
