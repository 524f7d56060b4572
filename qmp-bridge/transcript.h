// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_TRANSCRIPT_H
#define VIGIL_QMP_BRIDGE_TRANSCRIPT_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/option_list.h>
#include <vigil/qmp-bridge/qapi_types.h>
#include <vigil/qmp-bridge/traffic_observer.h>
#include <vigil/runstate/time.h>
#include <vigil/runstate/wire_names.h>

namespace vigil::qmp_bridge {

/// What one line of a transcript is about.
enum class transcript_kind : std::uint8_t {
    connect,     ///< a client came; `number` is that of its server
    disconnect,  ///< the connection ended
    input,       ///< `bytes` came from the client
    execute,     ///< the client's oldest request is executed
    output,      ///< `bytes` go to the client
    unsent,      ///< `number` bytes of the client's had not been sent when it mattered
    file,        ///< the file that a command reads is there: its `bytes`, or an error number as `number`
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
    runstate::ns time{0};  ///< simulated
    std::int64_t wall = 0; ///< host real time, microseconds since 1970
    unsigned client = 0;   ///< 0 where it is about none
    std::int64_t number = 0;
    std::string bytes;
    std::uint64_t look = 0; ///< for what came in amid a step of the clock: at which look at the clients; 0 otherwise
};

bool operator==(const transcript_record& a, const transcript_record& b);

/// What a transcript begins with.
struct transcript_head {
    std::string version;                ///< of the program that wrote it
    std::vector<std::string> arguments; ///< its command line
    std::int64_t process = 0;           ///< its process id
};

/// A transcript as it is read.
struct recorded_run {
    transcript_head head;
    std::vector<transcript_record> records;
};

/// A transcript is a file of JSON lines: the head, {"vigil-transcript": 1, "version", "process", "arguments"}, then a
/// record a line, {"time" (ns), "wall" (us), "what", …}, with the members that the record's kind has: "client" or
/// "file"; "server", "unsent", "number", "error" or "status"; "look"; and "bytes", in which each character stands for
/// the byte of its code.

/// `record` as a line, without its end.
std::string to_line(const transcript_record& record);
std::string to_line(const transcript_head& head);

/// Reads a transcript; an error names the line and what would be right there.
std::variant<recorded_run, option_error> read_transcript(std::istream& in, const std::string& name);
std::variant<recorded_run, option_error> read_transcript(const std::string& path);

/// Tells a run in a transcript: writes it down, and where the run repeats a recorded one, holds it to the record.
///
/// Host real time is part of the tale: whoever wants to know it asks here, and what is read stays the same until the
/// next record, which is written with it. A repeated run reads the recorded time.
class transcript final : public traffic_observer {
public:
    /// `simulated_time` is that of the run; `look` is the number of the look at the clients that is under way amid a
    /// step of the clock, or 0.
    transcript(std::function<runstate::ns()> simulated_time, std::function<std::uint64_t()> look);
    ~transcript();
    transcript(const transcript&) = delete;
    transcript& operator=(const transcript&) = delete;

    /// Writes to the file from now on, `head` first; an error where it cannot be written.
    std::optional<option_error> write_to(const std::string& path, const transcript_head& head);

    /// Whether all of it could be written.
    bool complete() const noexcept { return complete_; }

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

    /// Host real time.
    timestamp wall_clock();

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
    void limiter_expired() { tell(transcript_kind::limiter); }
    void signalled(int number) { tell(transcript_kind::signal, 0, number); }
    void exited(int status) { tell(transcript_kind::exit, 0, status); }

private:
    void tell(transcript_kind what, unsigned client = 0, std::int64_t number = 0,
              std::string_view bytes = {}) noexcept; ///< what there is no memory for makes the tale incomplete
    void diverged(const std::string& instead);
    void write(const std::string& line);

    std::function<runstate::ns()> simulated_time_;
    std::function<std::uint64_t()> look_;
    std::FILE* file_ = nullptr;
    bool complete_ = true;
    const recorded_run* recorded_ = nullptr;
    std::size_t position_ = 0; ///< in the repeated run
    bool broken_off_ = false;
    std::optional<std::int64_t> wall_; ///< read since the last record
    std::optional<std::string> divergence_;
};

} // namespace vigil::qmp_bridge

namespace vigil::runstate {

template <> struct wire_names<qmp_bridge::transcript_kind> {
    static constexpr std::array<std::string_view, 13> values{"connect", "disconnect",  "input", "execute", "output",
                                                             "unsent",  "file",        "job",   "limiter", "signal",
                                                             "turn",    "interrupted", "exit"};
};

} // namespace vigil::runstate

#endif
