// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/transcript/transcript.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <limits>
#include <new>
#include <tuple>
#include <utility>

#include <boost/json/parse.hpp>

#include <vigil/qmp-bridge/host/host_file.h>
#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/qmp-bridge/json/json.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::int64_t k_format = 2;
// How far a reader of the transcript may fall behind.
constexpr std::size_t k_most_kept = 16U * 1024 * 1024;

// Which members a kind of record has beside the times and "what".
struct members {
    const char* client; ///< what `client` is called; null: it has none
    const char* number; ///< what its number is called; null: it has none
    const char* bytes;  ///< what its bytes are called; null: it has none
};

members members_of(transcript_kind kind)
{
    switch (kind) {
    case transcript_kind::connect: return {"client", "server", nullptr};
    case transcript_kind::disconnect:
    case transcript_kind::execute: return {"client", nullptr, nullptr};
    case transcript_kind::input:
    case transcript_kind::output: return {"client", nullptr, "bytes"};
    case transcript_kind::unsent: return {"client", "unsent", nullptr};
    case transcript_kind::file: return {"file", "error", "bytes"};
    case transcript_kind::refused: return {nullptr, nullptr, "reason"};
    case transcript_kind::snapshot: return {nullptr, "checksum", "reason"};
    case transcript_kind::guest_trace: return {nullptr, nullptr, "bytes"};
    case transcript_kind::signal: return {nullptr, "number", nullptr};
    case transcript_kind::exit: return {nullptr, "status", nullptr};
    case transcript_kind::job:
    case transcript_kind::limiter:
    case transcript_kind::turn:
    case transcript_kind::interrupted: break;
    }
    return {nullptr, nullptr, nullptr};
}

// Each byte as the character of its code, in UTF-8, and back.
std::string as_characters(std::string_view bytes)
{
    std::string text;
    for (const char c : bytes) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0 | code >> 6);
            text += static_cast<char>(0x80 | (code & 0x3F));
        }
    }
    return text;
}

std::optional<std::string> as_bytes(std::string_view text)
{
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code = static_cast<unsigned char>(text[i]);
        if (code < 0x80) {
            bytes += text[i];
        } else if ((code == 0xC2 || code == 0xC3) && i + 1 < text.size()) {
            bytes += static_cast<char>(code << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
        } else {
            return std::nullopt;
        }
    }
    return bytes;
}

// One line of a transcript as it is read; collects what is wrong with it.
class line_reader {
public:
    explicit line_reader(const json::object& row) : row_(row) {}

    std::int64_t number(std::string_view key, std::int64_t least, std::int64_t most)
    {
        const json::value* value = member(key);
        if (value != nullptr && value->is_int64() && value->get_int64() >= least && value->get_int64() <= most) {
            return value->get_int64();
        }
        complain("'" + std::string(key) + "' must be an integer from " + std::to_string(least) + " to " +
                 std::to_string(most));
        return least;
    }
    std::string text(std::string_view key)
    {
        const json::value* value = member(key);
        if (value != nullptr && value->is_string()) return std::string(value->get_string());
        complain("'" + std::string(key) + "' must be a string");
        return {};
    }
    std::vector<std::string> texts(std::string_view key)
    {
        std::vector<std::string> all;
        const json::value* value = member(key);
        if (value != nullptr && value->is_array()) {
            for (const json::value& one : value->get_array()) {
                if (one.is_string()) all.emplace_back(one.get_string());
            }
            if (all.size() == value->get_array().size()) return all;
        }
        complain("'" + std::string(key) + "' must be an array of strings");
        return {};
    }
    bool has(std::string_view key) const { return row_.contains(key); }
    void complain(std::string text)
    {
        if (!error_) error_ = std::move(text);
    }
    // The first thing that was wrong.
    const std::optional<std::string>& error() const noexcept { return error_; }

private:
    const json::value* member(std::string_view key) const { return row_.if_contains(key); }

    const json::object& row_;
    std::optional<std::string> error_;
};

constexpr std::int64_t k_least = std::numeric_limits<std::int64_t>::min();
// What a record can be about has its limits: a request, a reply, a guest's trace, each byte as six characters at most.
constexpr std::size_t k_most_of_line = std::size_t{400} * 1024 * 1024;

// The next line, or as much of it as is more than the most; false at the end.
bool next_line(std::istream& in, std::string& line)
{
    std::array<char, 65536> piece; // NOLINT: written before it is read
    line.clear();
    do {
        in.clear(in.rdstate() & ~std::ios::failbit);
        in.getline(piece.data(), piece.size());
        const bool ended = !in.fail() && !in.eof(); // by a line's end, which is counted
        line.append(piece.data(), static_cast<std::size_t>(in.gcount()) - (ended ? 1 : 0));
    } while (in.fail() && !in.eof() && !in.bad() && line.size() <= k_most_of_line);
    return !in.fail() || line.size() > k_most_of_line;
}

constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();

void print_strings(std::string& line, const std::vector<std::string>& all)
{
    const char* separator = "[";
    for (const std::string& one : all) {
        line += separator;
        print_json_string(line, one);
        separator = ", ";
    }
    line += all.empty() ? "[]" : "]";
}

transcript_head read_head(line_reader& line)
{
    const std::string ours = std::to_string(k_format);
    if (!line.has("vigil-transcript")) {
        line.complain("this is no transcript: it must begin with {\"vigil-transcript\": " + ours + ", ...}");
    }
    const std::int64_t format = line.number("vigil-transcript", 1, k_most);
    transcript_head head{line.text("version"), line.texts("arguments"), line.number("process", 0, k_most)};
    if (line.has("configurations")) {
        for (const std::string& text : line.texts("configurations")) {
            const auto bytes = as_bytes(text);
            if (!bytes) line.complain("'configurations' must be bytes as characters up to U+00FF");
            head.configurations.push_back(bytes.value_or(""));
        }
    }
    if (format == k_format) return head;
    std::string why = "this transcript has format " + std::to_string(format) + ", written by Vigil " + head.version +
                      "; this program repeats format " + ours;
    if (format == 1) why += ": in format 1, x-snapshot-save and x-snapshot-load had other names";
    line.complain(why + ". Repeat it with that Vigil, or record the run again with this one");
    return head;
}

transcript_record read_record(line_reader& line)
{
    transcript_record record;
    record.time = runstate::ns(line.number("time", 0, k_most));
    record.wall = line.number("wall", k_least, k_most);
    if (line.has("elapsed")) record.elapsed = line.number("elapsed", 0, k_most);
    const std::string what = line.text("what");
    if (const auto kind = runstate::from_string<transcript_kind>(what)) {
        record.what = *kind;
    } else {
        line.complain("'" + what + "' is not what a record can be about");
    }
    const members has = members_of(record.what);
    constexpr std::int64_t most_clients = 1'000'000'000;
    if (has.client != nullptr) record.client = static_cast<unsigned>(line.number(has.client, 1, most_clients));
    if (has.number != nullptr) record.number = line.number(has.number, 0, k_most);
    if (line.has("look")) record.look = static_cast<std::uint64_t>(line.number("look", 1, k_most));
    if (has.bytes != nullptr) {
        if (auto bytes = as_bytes(line.text(has.bytes))) {
            record.bytes = std::move(*bytes);
        } else {
            line.complain("'" + std::string(has.bytes) + "' has a character beyond U+00FF");
        }
    }
    return record;
}

} // namespace

bool operator==(const transcript_record& a, const transcript_record& b)
{
    const auto all = [](const transcript_record& r) {
        return std::tie(r.what, r.time, r.wall, r.elapsed, r.client, r.number, r.bytes, r.look);
    };
    return all(a) == all(b);
}

std::string to_line(const transcript_record& record)
{
    const members has = members_of(record.what);
    std::string line =
        "{\"time\": " + std::to_string(record.time.count()) + ", \"wall\": " + std::to_string(record.wall);
    if (record.elapsed) line += ", \"elapsed\": " + std::to_string(*record.elapsed);
    line += ", \"what\": \"" + std::string(runstate::to_string(record.what)) + "\"";
    if (has.client != nullptr) line += ", \"" + std::string(has.client) + "\": " + std::to_string(record.client);
    if (has.number != nullptr) line += ", \"" + std::string(has.number) + "\": " + std::to_string(record.number);
    if (record.look != 0) line += ", \"look\": " + std::to_string(record.look);
    if (has.bytes != nullptr) {
        line += ", \"" + std::string(has.bytes) + "\": ";
        print_json_string(line, as_characters(record.bytes));
    }
    return line + "}";
}

std::string to_line(const transcript_head& head)
{
    std::string line = "{\"vigil-transcript\": " + std::to_string(k_format) + ", \"version\": ";
    print_json_string(line, head.version);
    line += ", \"process\": " + std::to_string(head.process) + ", \"arguments\": ";
    print_strings(line, head.arguments);
    if (!head.configurations.empty()) {
        std::vector<std::string> configurations;
        for (const std::string& one : head.configurations) configurations.push_back(as_characters(one));
        line += ", \"configurations\": ";
        print_strings(line, configurations);
    }
    return line + "}";
}

runstate::result<recorded_run> read_transcript(std::istream& in, const std::string& name)
{
    recorded_run run;
    std::size_t number = 0;
    for (std::string text; next_line(in, text);) {
        const std::string where = name + ":" + std::to_string(++number) + ": ";
        if (text.size() > k_most_of_line) {
            return refuse(where + "the line has more than " + std::to_string(k_most_of_line) + " bytes");
        }
        boost::system::error_code error;
        const json::value value = json::parse(text, error);
        if (in.eof()) return refuse(where + "the line is cut off");
        if (error || !value.is_object()) return refuse(where + "this is not a JSON object");
        line_reader line(value.get_object());
        if (number == 1) {
            run.head = read_head(line);
        } else {
            run.records.push_back(read_record(line));
        }
        if (line.error()) return refuse(where + *line.error());
    }
    if (in.bad()) return refuse(name + ": cannot be read to its end");
    if (number == 0) return refuse(name + ": this is no transcript: it is empty");
    return run;
}

runstate::result<recorded_run> read_transcript(const std::string& path)
{
    std::ifstream in(path);
    if (!in) return refuse(path + ": " + std::strerror(errno));
    try {
        return read_transcript(in, path);
    } catch (const std::bad_alloc&) {
        return refuse(path + ": there is not enough memory to read it");
    }
}

transcript::transcript(std::function<runstate::ns()> simulated_time, std::function<std::uint64_t()> look, clocks host)
    : simulated_time_(std::move(simulated_time)), look_(std::move(look)), host_(std::move(host)),
      began_(host_.monotonic())
{
}

transcript::~transcript()
{
    output_.reset();
    if (file_ != nullptr) std::fclose(file_);
}

std::optional<runstate::refusal> transcript::write_to(const std::string& path, const transcript_head& head)
{
    auto opened = open_private_file(path);
    if (!opened) return std::move(opened).why();
    file_ = *opened;
    writing_ = true;
    output_.emplace(::fileno(file_), line_output::options{k_most_kept, {}});
    write(to_line(head));
    return std::nullopt;
}

const transcript_record* transcript::next() const noexcept
{
    if (!repeating() || divergence_ || position_ >= recorded_->records.size()) return nullptr;
    return &recorded_->records[position_];
}

const transcript_record* transcript::next_if(transcript_kind kind) const noexcept
{
    const transcript_record* const record = next();
    return record != nullptr && record->what == kind ? record : nullptr;
}

void transcript::missed() { diverged("nothing"); }

void transcript::end_here(const std::string& why)
{
    if (!divergence_) divergence_ = "line " + std::to_string(position_ + 2) + ": " + why;
}

std::chrono::microseconds transcript::time_of_day()
{
    if (!wall_) wall_ = next() != nullptr ? next()->wall : host_.time_of_day().count();
    return std::chrono::microseconds(*wall_);
}

std::chrono::microseconds transcript::elapsed()
{
    if (!elapsed_) {
        // Where the recorded run did not look, no clock of this host may have a say in the repeated one.
        if (next() != nullptr && !next()->elapsed) return std::max(time_of_day(), std::chrono::microseconds(0));
        elapsed_ = next() != nullptr ? *next()->elapsed : (host_.monotonic() - began_).count();
    }
    return std::chrono::microseconds(*elapsed_);
}

std::size_t transcript::unsent(unsigned client, std::size_t actual, std::size_t of_interest)
{
    if (repeating()) {
        const transcript_record* record = next();
        const bool is_told = record != nullptr && record->what == transcript_kind::unsent && record->client == client;
        actual = is_told ? static_cast<std::size_t>(record->number) : 0;
    }
    if (actual > of_interest) tell(transcript_kind::unsent, client, static_cast<std::int64_t>(actual));
    return actual;
}

void transcript::file_read(unsigned which, const std::variant<std::string, std::error_code>& content)
{
    if (const auto* error = std::get_if<std::error_code>(&content)) {
        tell(transcript_kind::file, which, error->value());
    } else {
        tell(transcript_kind::file, which, 0, std::get<std::string>(content));
    }
}

std::optional<runstate::refusal> transcript::refused(std::optional<runstate::refusal> actual)
{
    if (repeating()) {
        const transcript_record* const record = next_if(transcript_kind::refused);
        actual = record != nullptr ? std::optional(runstate::refusal{record->bytes}) : std::nullopt;
    }
    if (actual) tell(transcript_kind::refused, 0, 0, actual->text);
    return actual;
}

std::optional<std::string> transcript::recorded_guest_trace() const
{
    const transcript_record* const record = next_if(transcript_kind::guest_trace);
    if (record == nullptr) return std::nullopt;
    return record->bytes;
}

void transcript::snapshot(const snapshot_outcome& outcome)
{
    if (outcome) {
        tell(transcript_kind::snapshot, 0, *outcome);
    } else {
        tell(transcript_kind::snapshot, 0, 0, outcome.why().text);
    }
}

std::optional<transcript::snapshot_outcome> transcript::recorded_snapshot() const
{
    const transcript_record* const record = next_if(transcript_kind::snapshot);
    if (record == nullptr) return std::nullopt;
    if (!record->bytes.empty()) return snapshot_outcome(runstate::refusal{record->bytes});
    return snapshot_outcome(static_cast<std::uint32_t>(record->number));
}

bool transcript::reads_snapshot_later(std::uint32_t checksum) const
{
    if (next() == nullptr) return false;
    const auto& records = recorded_->records;
    return std::any_of(records.begin() + static_cast<std::ptrdiff_t>(position_) + 1, records.end(), [&](const auto& r) {
        return r.what == transcript_kind::snapshot && r.bytes.empty() && r.number == checksum;
    });
}

void transcript::tell(transcript_kind what, unsigned client, std::int64_t number, std::string_view bytes) noexcept
try {
    if (broken_off_) return;
    time_of_day();
    transcript_record record;
    record.what = what;
    record.client = client;
    record.number = number;
    record.bytes = bytes;
    record.wall = *std::exchange(wall_, std::nullopt);
    record.elapsed = std::exchange(elapsed_, std::nullopt);
    record.time = simulated_time_();
    record.look = look_();
    if (writing_) write(to_line(record));
    if (!repeating() || divergence_) return;
    if (next() == nullptr || !(*next() == record)) {
        diverged(to_line(record));
    } else {
        ++position_;
    }
} catch (const std::bad_alloc&) {
    stop_writing("there is no memory for a record");
}

void transcript::write(const std::string& line)
{
    // At once, because the last lines before an abnormal end are the interesting ones.
    output_->write(line + "\n");
    if (output_->dropped() != 0) stop_writing(reason_to_stop());
}

void transcript::finish()
{
    if (writing_ && (!output_->finish(line_output::k_last_words) || output_->dropped() != 0)) {
        stop_writing(reason_to_stop());
    }
}

const char* transcript::reason_to_stop() const
{
    return output_->error() != 0 ? std::strerror(output_->error()) : "nobody reads it";
}

void transcript::stop_writing(const char* why) noexcept
{
    if (!std::exchange(writing_, false) || !ended) return;
    try {
        ended(why);
    } catch (const std::bad_alloc&) { // nor is there memory to say so
    }
}

void transcript::diverged(const std::string& instead)
{
    if (divergence_) return;
    const transcript_record* expected = next();
    divergence_ = "line " + std::to_string(position_ + 2) + ": recorded " +
                  (expected != nullptr ? to_line(*expected) : "nothing more") + ", but this run has " + instead;
}

} // namespace vigil::qmp_bridge
