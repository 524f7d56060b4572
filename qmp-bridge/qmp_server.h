// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_SERVER_H
#define VIGIL_QMP_BRIDGE_QMP_SERVER_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/bus_initiator.h>
#include <vigil/qmp-bridge/host/file_content.h>
#include <vigil/qmp-bridge/json/json_errors.h>
#include <vigil/qmp-bridge/qtest/port_region.h>
#include <vigil/qmp-bridge/schema/vocabulary.h>
#include <vigil/qmp-bridge/serve/chardev.h>
#include <vigil/qmp-bridge/serve/pacing.h>
#include <vigil/runstate/controller.h>
#include <vigil/runstate/files/file_access.h>
#include <vigil/runstate/result.h>

namespace boost::asio {
class any_io_executor;
}

namespace vigil::bus {
struct vfio_user_device;
}

namespace vigil::qmp_bridge {

class line_output;
class local_clients;
class own_command;
class qom_tree;
class transcript;
struct machine_description;
struct recorded_run;
struct transcript_head;

/// Limits on the clients of one monitor or server.
struct client_limits {
    unsigned most = 256;                         ///< connected at once; 0: any number
    std::size_t queue_bytes = 16U * 1024 * 1024; ///< unsent bytes of one client up to which events still join them
};

/// Writes a line to the log of SystemC's reports, as /vigil/qmp-bridge.
void report_line(std::string_view line);

struct qmp_server_options {
    vocabulary words = vocabulary::v2_10;
    json_errors errors = json_errors::when_balanced; ///< how clients hear that what they sent is no JSON
    std::optional<std::string> name = {};            ///< query-name
    std::optional<std::string> uuid = {};            ///< query-uuid, as 8-4-4-4-12 digits; zeros where absent
    /// At first, as a part of a platform: nothing is periodic, and simulated time goes as fast as it does without.
    pacing time{waiting::platform, pace::free, 1'000'000, runstate::ns(1'000'000)};
    client_limits clients;
    /// The files that commands may name.
    runstate::file_access files;
    /// Lines for the log: clients that are refused or do not read, addresses that are exposed.
    std::function<void(std::string_view)> log = report_line;
    /// Commands are limited until a client says x-exit-preconfig, which then calls `exit_preconfig` inside its turn.
    bool preconfig = false;
    std::function<void()> exit_preconfig = {};
    /// The run will be told in a transcript (see `write_transcript`).
    bool transcribed = false;
    /// The run repeats this one, instead of serving clients; must outlive the server. Null: it is none.
    const recorded_run* recorded = nullptr;
    /// Speaks for every client, instead of serving any: called once, in the kernel's thread, when simulation has
    /// started; the run is over when it returns. Empty: nobody does.
    std::function<void(local_clients&)> script = {};
};

/// Serves QMP for one machine, and qtest where asked: listens, answers, sends events, to any number of clients at once.
///
///     runstate::controller controller("controller");
///     qmp_bridge::qmp_server qmp("qmp", controller, {"unix:/tmp/qmp,server=on,wait=off"});
///     qmp.run();
///
/// An address is QEMU's after -qmp (see `chardev::parse_short`). One that is wrong is an error,
/// /vigil/qmp-bridge/address; the sockets are opened when simulation starts, where failure is one,
/// /vigil/qmp-bridge/start. At the end of the run (quit, or an event whose action ends it) every client gets what waits
/// for it, and `sc_stop` is called. Several servers, each with a controller of its own, may live in one simulation.
class qmp_server : public sc_core::sc_module {
public:
    using options = qmp_server_options;

    /// `controller` must outlive it.
    qmp_server(const sc_core::sc_module_name& name, runstate::controller& controller,
               const std::vector<std::string>& addresses = {}, options opts = {});
    ~qmp_server() override;

    /// Shows a device to qom-list, qom-get and `info watchdog`, at /machine/peripheral/`id`. It must outlive the
    /// server. An id that is taken is an error, /vigil/qmp-bridge/object.
    void add_object(const std::string& id, runstate::inspectable& device);

    /// What qtest's clients reach the platform by: to be bound to its ports, memory and, optionally, MSRs.
    struct qtest_initiators {
        bus::bus_initiator& io;
        bus::bus_initiator& memory;
        bus::bus_initiator& msr;
    };
    struct qtest_options {
        /// Called with each request and response line in QEMU's log form, the line end included; empty: no log.
        std::function<void(std::string_view)> log = {};
        unsigned cpus = 1;                     ///< that rdmsr and wrmsr may name
        std::string interrupt_controller = {}; ///< the path by which irq_intercept_in names it; empty: there is none
        int interrupt_lines = 0;               ///< its inputs
        /// clock_step and clock_set fail where they do not move the clock, as on QEMU 11.1.
        bool clock_commands_can_fail = false;
        /// Where it is given, a port access goes whole to the region of its first byte, and one that is not at a
        /// multiple of its width there, or wider than that takes, reads 0 and writes nothing, as on QEMU 11.1.
        /// Otherwise accesses are cut as a CPU's bus does.
        std::function<port_region(std::uint16_t port)> region_of_port = {};
    };
    /// Serves QEMU's qtest protocol at `where`, too; before the end of elaboration, and once: a second time is an
    /// error, /vigil/qmp-bridge/qtest.
    qtest_initiators serve_qtest(const chardev& where, qtest_options opts);
    qtest_initiators serve_qtest(const std::string& address);

    /// Gives a PCI function (see `bus::vfio_user_function`) to a machine outside the simulation: serves vfio-user at
    /// `where`, a unix socket that listens, for QEMU's device vfio-user-pci. One machine at a time; each finds the
    /// function as after power-on. `function` must outlive the server. Time should be paced, for such a machine runs in
    /// the host's.
    ///
    /// Where every function has lost its machine, and there is no other word of it, the run state becomes `shutdown`;
    /// when a machine comes again it is reset and runs.
    void serve_vfio_user(const chardev& where, bus::vfio_user_device& function);
    void serve_vfio_user(const std::string& address, bus::vfio_user_device& function);
    /// Keeps one run state with that machine, as a client of its QMP monitor at `where`, to which it connects whenever
    /// that is there: what is decided here is carried out there, and what happens there is followed.
    void actuate(const chardev& where);
    void actuate(const std::string& address);

    /// Runs the simulation until the run is over, or `sc_stop` or `sc_pause` is called: as `sc_start()`, but it does
    /// not return where nothing is left to simulate, because a client may still come. (`sc_start` returns there, and at
    /// the end of a bounded slice, as in any simulation.)
    void run();

    /// The port that the first TCP server listens on (it may have been asked for 0); 0 where there is none.
    std::uint16_t port() const;
    /// The status that the run ended with, and whether it has ended.
    int exit_status() const noexcept;
    bool ended() const noexcept;

    // For a program around it.

    /// Serves QMP at `where`, too, with replies over several lines where `pretty`.
    void add_monitor(const chardev& where, bool pretty = false);
    /// Lists a monitor on that chardev among the objects, as `id`, which no other has.
    void show_monitor(const std::string& id, const std::string& chardev, bool pretty);
    /// Opens a character device on which nobody speaks.
    void add_silent(const chardev& where);
    /// Opens all of them; an error says which, and why not. Done when simulation starts, where it was not before.
    std::optional<runstate::refusal> start();
    /// Has everything there that serving may want later, for a process that will not be allowed to get it.
    void prepare_for_confinement();

    /// Adds a QMP command to those that there are, before any client comes. One whose name is taken throws
    /// std::invalid_argument.
    void add_command(own_command one);
    /// Reads a file of the host, of at most so many bytes, without waiting for it: `done` is called later, inside a
    /// turn, and once at most. It may be a pipe that nobody writes to yet; the reading goes on for as long as what is
    /// returned lives, which may end from within `done`.
    std::shared_ptr<void> read_file(const runstate::file_place& place, std::size_t most,
                                    std::function<void(file_content)> done);

    /// What commands say of the machine.
    machine_description& description() noexcept;
    qom_tree& objects() noexcept;
    runstate::migration& migration() noexcept;

    /// The event loop, whose handlers run in the kernel's thread; and a job for it, done soon and inside a turn.
    boost::asio::any_io_executor executor();
    /// From any thread.
    void post(std::function<void()> job);
    /// A job that belongs to the run: likewise done soon, inside a turn, and in a repeated run at the same place. From
    /// the kernel's thread.
    void defer(std::function<void()> job);
    /// Offers what a reader does not take at once again, until it does; `output` must outlive the server.
    void keep_offering(line_output& output);
    /// A termination signal came: ends the run, and what is under way before.
    void terminate(int signal);

    /// Takes the machine, and the monitor as its clients know it, back to a moment of a run that follows a script; no
    /// client may be there. What commands have added (devices, objects, files) stays. Refused once the run is over.
    std::optional<runstate::refusal> return_to(const runstate::controller::moment& before);

    /// The tale of the run; null where it is not told.
    transcript* tale() noexcept;
    /// Writes the tale to a file, `head` first (but of a repeated run, that run's).
    std::optional<runstate::refusal> write_transcript(const std::string& path, const transcript_head& head);
    /// The run is over: ends the tale. Returns how a repeated run was not as recorded.
    std::optional<std::string> conclude();

private:
    void start_of_simulation() override;

    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace vigil::qmp_bridge

#endif
