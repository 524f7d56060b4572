// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_TRANSCRIPT_TRANSCRIPT_H
#define VIGIL_QMP_BRIDGE_TRANSCRIPT_TRANSCRIPT_H

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/host/line_output.h>
#include <vigil/qmp-bridge/serve/traffic_observer.h>
#include <vigil/runstate/clock/host_time.h>
#include <vigil/runstate/clock/time.h>
#include <vigil/runstate/result.h>
#include <vigil/runstate/wire_names.h>

namespace vigil::qmp_bridge {

/// What one line of a transcript is about.
enum class transcript_kind : std::uint8_t {
    connect,    ///< a client came; `number` is that of its server
    disconnect, ///< the connection ended
    input,      ///< `bytes` came from the client
    execute,    ///< the client's oldest request is executed
    output,     ///< `bytes` go to the client
    unsent,     ///< `number` bytes of the client's had not been sent when it mattered
    file,       ///< the file that a command reads is there: its `bytes`, or an error number as `number`
    refused,    ///< a command may not use the file that it names, for the reason in `bytes`
    snapshot, ///< a file for the machine's state was created (`number` 0), written or read (`number`: the checksum), or
              ///< was not, for the reason in `bytes`
    guest_trace, ///< -guest-trace has read `bytes`
    job,         ///< what a command had left to do later is done
    limiter,     ///< the event rate limiter's period ended, on the host's clock
    signal,      ///< the termination signal `number` takes effect
    turn,        ///< a step of the clock was parted in two turns, between which others are served
    interrupted, ///< a signal ended a step of the clock early
    exit,        ///< the run is over, with the status `number`
};

/// One line of a transcript.
struct transcript_record {
    transcript_kind what = transcript_kind::connect;
    runstate::ns time{0};                     ///< simulated
    std::int64_t wall = 0;                    ///< the host's time of day, microseconds since 1970; negative before
    std::optional<std::int64_t> elapsed = {}; ///< microseconds of the host's monotonic clock, where it was looked at
    unsigned client = 0;                      ///< 0 where it is about none
    std::int64_t number = 0;
    std::string bytes;
    std::uint64_t look = 0; ///< for what came in amid a step of the clock: at which look at the clients; 0 otherwise
};

bool operator==(const transcript_record& a, const transcript_record& b);

/// What a transcript begins with.
struct transcript_head {
    std::string version;                          ///< of the program that wrote it
    std::vector<std::string> arguments;           ///< its command line
    std::int64_t process = 0;                     ///< its process id
    std::vector<std::string> configurations = {}; ///< what was in each file that its command line reads options from
};

/// A transcript as it is read.
struct recorded_run {
    transcript_head head;
    std::vector<transcript_record> records;
};

/// A transcript is a file of JSON lines: the head, {"vigil-transcript": 2, "version", "process", "arguments",
/// "configurations" (where there are any; their bytes as below)}, then a
/// record a line, {"time" (ns), "wall" (us), "what", …}, with "elapsed" (us) where a length of host time was to be
/// known, and the members that the record's kind has: "client" or "file"; "server", "unsent", "number", "error",
/// "checksum" or "status"; "look"; and "bytes" or "reason", in which each character stands for the byte of its code.

/// `record` as a line, without its end.
std::string to_line(const transcript_record& record);
std::string to_line(const transcript_head& head);

/// Reads a transcript; an error names the line and what would be right there.
runstate::result<recorded_run> read_transcript(std::istream& in, const std::string& name);
runstate::result<recorded_run> read_transcript(const std::string& path);

/// Tells a run in a transcript: writes it down, and where the run repeats a recorded one, holds it to the record.
///
/// The host's clocks are part of the tale: whoever wants to know them asks here, and what is read stays the same until
/// the next record, which is written with it. A repeated run reads the recorded time.
class transcript final : public traffic_observer {
public:
    /// The host's clocks.
    struct clocks {
        std::function<std::chrono::microseconds()> time_of_day = runstate::time_of_day;
        std::function<std::chrono::microseconds()> monotonic = runstate::monotonic_time;
    };

    /// `simulated_time` is that of the run; `look` is the number of the look at the clients that is under way amid a
    /// step of the clock, or 0.
    transcript(std::function<runstate::ns()> simulated_time, std::function<std::uint64_t()> look, clocks host);
    transcript(std::function<runstate::ns()> simulated_time, std::function<std::uint64_t()> look)
        : transcript(std::move(simulated_time), std::move(look), clocks())
    {
    }
    ~transcript();
    transcript(const transcript&) = delete;
    transcript& operator=(const transcript&) = delete;

    /// Writes to the file from now on, `head` first; an error where it cannot be written.
    std::optional<runstate::refusal> write_to(const std::string& path, const transcript_head& head);

    /// Called once, with the reason, where the file cannot be written on: nothing more of the run is written then, and
    /// the run goes on.
    std::function<void(const std::string& reason)> ended;
    /// The run is over: gives a reader that lags the time to take what is left, up to a limit.
    void finish();
    /// Where it is written to; null: nowhere.
    line_output* output() noexcept { return output_ ? &*output_ : nullptr; }

    /// The run repeats `recorded`, which must outlive it.
    void repeat(const recorded_run& recorded) noexcept { recorded_ = &recorded; }
    bool repeating() const noexcept { return recorded_ != nullptr; }
    /// What comes next in a repeated run; null at its end, and where it no longer is as recorded.
    const transcript_record* next() const noexcept;
    /// Where the repeated run first was not as recorded: the line, what stands there, and what came instead.
    const std::optional<std::string>& divergence() const noexcept { return divergence_; }
    /// The run did not do what comes next.
    void missed();
    /// The repeated run has come to where the recorded one broke off: what it still does is not told.
    void break_off() noexcept { broken_off_ = true; }

    /// The repeated run cannot go on, for lack of something that the recorded one had.
    void end_here(const std::string& why);

    /// The host's time of day.
    std::chrono::microseconds time_of_day();
    /// The host's monotonic clock, since the beginning.
    std::chrono::microseconds elapsed();

    // traffic_observer
    void opened(unsigned client, unsigned server) override { tell(transcript_kind::connect, client, server); }
    void closed(unsigned client) override { tell(transcript_kind::disconnect, client); }
    void received(unsigned client, std::string_view bytes) override { tell(transcript_kind::input, client, 0, bytes); }
    void executing(unsigned client) override { tell(transcript_kind::execute, client); }
    void answered(unsigned client, std::string_view bytes) override { tell(transcript_kind::output, client, 0, bytes); }
    void turn_parted() override { tell(transcript_kind::turn); }
    void step_interrupted() override { tell(transcript_kind::interrupted); }

    // What takes effect beside the clients' traffic.
    void job() { tell(transcript_kind::job); }
    /// How much of a client's output is unsent, for a decision that more than `of_interest` bytes would change:
    /// `actual`, or what it was in the recorded run.
    std::size_t unsent(unsigned client, std::size_t actual, std::size_t of_interest);
    void file_read(unsigned which, const std::variant<std::string, std::error_code>& content);
    /// Why a command may not use the file that it names: `actual`, or why it might not in the recorded run.
    std::optional<runstate::refusal> refused(std::optional<runstate::refusal> actual);
    /// What -guest-trace has read.
    void guest_trace(std::string_view content) { tell(transcript_kind::guest_trace, 0, 0, content); }
    /// What it read in the recorded run; nothing where that is not what comes next.
    std::optional<std::string> recorded_guest_trace() const;

    /// What became of a file for the machine's state: its checksum, or why there is none.
    using snapshot_outcome = runstate::result<std::uint32_t>;
    void snapshot(const snapshot_outcome& outcome);
    /// What became of it in the recorded run; nothing where that is not what comes next.
    std::optional<snapshot_outcome> recorded_snapshot() const;
    /// Whether the recorded run reads a snapshot with this checksum after what comes next.
    bool reads_snapshot_later(std::uint32_t checksum) const;

    void limiter_expired() { tell(transcript_kind::limiter); }
    void signalled(int number) { tell(transcript_kind::signal, 0, number); }
    void exited(int status) { tell(transcript_kind::exit, 0, status); }

private:
    void tell(transcript_kind what, unsigned client = 0, std::int64_t number = 0,
              std::string_view bytes = {}) noexcept; ///< ends the writing where there is no memory for it
    void diverged(const std::string& instead);
    const transcript_record* next_if(transcript_kind kind) const noexcept;
    void write(const std::string& line);
    const char* reason_to_stop() const;
    void stop_writing(const char* why) noexcept; ///< and tells

    std::function<runstate::ns()> simulated_time_;
    std::function<std::uint64_t()> look_;
    clocks host_;
    std::chrono::microseconds began_; ///< on the monotonic clock
    std::FILE* file_ = nullptr;       ///< owned
    std::optional<line_output> output_;
    bool writing_ = false; ///< nothing is missing so far
    const recorded_run* recorded_ = nullptr;
    std::size_t position_ = 0; ///< in the repeated run
    bool broken_off_ = false;
    std::optional<std::int64_t> wall_;    ///< read since the last record
    std::optional<std::int64_t> elapsed_; ///< likewise
    std::optional<std::string> divergence_;
};

} // namespace vigil::qmp_bridge

namespace vigil::runstate {

template <> struct wire_names<qmp_bridge::transcript_kind> {
    static constexpr std::array<std::string_view, 16> values{
        "connect",  "disconnect",  "input", "execute", "output", "unsent", "file",        "refused",
        "snapshot", "guest-trace", "job",   "limiter", "signal", "turn",   "interrupted", "exit"};
};

} // namespace vigil::runstate

#endif
