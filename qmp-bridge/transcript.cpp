// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/transcript.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <istream>
#include <new>
#include <tuple>
#include <utility>

#include <boost/json/parse.hpp>

#include <vigil/qmp-bridge/json.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::int64_t k_format = 1;
constexpr std::int64_t k_microseconds = 1'000'000;

std::int64_t host_real_time()
{
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count();
}

// Which members a kind of record has beside the times and "what".
struct members {
    const char* client; ///< what `client` is called; null: it has none
    const char* number; ///< what its number is called; null: it has none
    bool bytes;
};

members members_of(transcript_kind kind)
{
    switch (kind) {
    case transcript_kind::connect: return {"client", "server", false};
    case transcript_kind::disconnect:
    case transcript_kind::execute: return {"client", nullptr, false};
    case transcript_kind::input:
    case transcript_kind::output: return {"client", nullptr, true};
    case transcript_kind::unsent: return {"client", "unsent", false};
    case transcript_kind::file: return {"file", "error", true};
    case transcript_kind::signal: return {nullptr, "number", false};
    case transcript_kind::exit: return {nullptr, "status", false};
    case transcript_kind::job:
    case transcript_kind::limiter:
    case transcript_kind::turn:
    case transcript_kind::interrupted: break;
    }
    return {nullptr, nullptr, false};
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

constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();

transcript_head read_head(line_reader& line)
{
    if (!line.has("vigil-transcript")) {
        line.complain("this is no transcript: it must begin with {\"vigil-transcript\": 1, ...}");
    } else {
        line.number("vigil-transcript", k_format, k_format);
    }
    return {line.text("version"), line.texts("arguments"), line.number("process", 0, k_most)};
}

transcript_record read_record(line_reader& line)
{
    transcript_record record;
    record.time = runstate::ns(line.number("time", 0, k_most));
    record.wall = line.number("wall", 0, k_most);
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
    if (has.bytes) {
        if (auto bytes = as_bytes(line.text("bytes"))) {
            record.bytes = std::move(*bytes);
        } else {
            line.complain("'bytes' has a character beyond U+00FF");
        }
    }
    return record;
}

} // namespace

bool operator==(const transcript_record& a, const transcript_record& b)
{
    const auto all = [](const transcript_record& r) {
        return std::tie(r.what, r.time, r.wall, r.client, r.number, r.bytes, r.look);
    };
    return all(a) == all(b);
}

std::string to_line(const transcript_record& record)
{
    const members has = members_of(record.what);
    std::string line = "{\"time\": " + std::to_string(record.time.count()) +
                       ", \"wall\": " + std::to_string(record.wall) + ", \"what\": \"" +
                       std::string(runstate::to_string(record.what)) + "\"";
    if (has.client != nullptr) line += ", \"" + std::string(has.client) + "\": " + std::to_string(record.client);
    if (has.number != nullptr) line += ", \"" + std::string(has.number) + "\": " + std::to_string(record.number);
    if (record.look != 0) line += ", \"look\": " + std::to_string(record.look);
    if (has.bytes) {
        line += ", \"bytes\": ";
        print_json_string(line, as_characters(record.bytes));
    }
    return line + "}";
}

std::string to_line(const transcript_head& head)
{
    std::string line = "{\"vigil-transcript\": " + std::to_string(k_format) + ", \"version\": ";
    print_json_string(line, head.version);
    line += ", \"process\": " + std::to_string(head.process) + ", \"arguments\": [";
    const char* separator = "";
    for (const std::string& one : head.arguments) {
        line += separator;
        print_json_string(line, one);
        separator = ", ";
    }
    return line + "]}";
}

std::variant<recorded_run, option_error> read_transcript(std::istream& in, const std::string& name)
{
    recorded_run run;
    std::size_t number = 0;
    for (std::string text; std::getline(in, text);) {
        const std::string where = name + ":" + std::to_string(++number) + ": ";
        boost::system::error_code error;
        const json::value value = json::parse(text, error);
        if (in.eof()) return option_error{where + "the line is cut off"};
        if (error || !value.is_object()) return option_error{where + "this is not a JSON object"};
        line_reader line(value.get_object());
        if (number == 1) {
            run.head = read_head(line);
        } else {
            run.records.push_back(read_record(line));
        }
        if (line.error()) return option_error{where + *line.error()};
    }
    if (in.bad()) return option_error{name + ": cannot be read to its end"};
    if (number == 0) return option_error{name + ": this is no transcript: it is empty"};
    return run;
}

std::variant<recorded_run, option_error> read_transcript(const std::string& path)
{
    std::ifstream in(path);
    if (!in) return option_error{path + ": " + std::strerror(errno)};
    return read_transcript(in, path);
}

transcript::transcript(std::function<runstate::ns()> simulated_time, std::function<std::uint64_t()> look)
    : simulated_time_(std::move(simulated_time)), look_(std::move(look))
{
}

transcript::~transcript()
{
    if (file_ != nullptr) std::fclose(file_);
}

std::optional<option_error> transcript::write_to(const std::string& path, const transcript_head& head)
{
    file_ = std::fopen(path.c_str(), "we");
    if (file_ == nullptr) return option_error{path + ": " + std::strerror(errno)};
    write(to_line(head));
    return std::nullopt;
}

const transcript_record* transcript::next() const noexcept
{
    if (!repeating() || divergence_ || position_ >= recorded_->records.size()) return nullptr;
    return &recorded_->records[position_];
}

void transcript::missed() { diverged("nothing"); }

timestamp transcript::wall_clock()
{
    if (!wall_) wall_ = next() != nullptr ? next()->wall : host_real_time();
    return {*wall_ / k_microseconds, *wall_ % k_microseconds};
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

void transcript::tell(transcript_kind what, unsigned client, std::int64_t number, std::string_view bytes) noexcept
try {
    if (broken_off_) return;
    wall_clock();
    transcript_record record;
    record.what = what;
    record.client = client;
    record.number = number;
    record.bytes = bytes;
    record.wall = *std::exchange(wall_, std::nullopt);
    record.time = simulated_time_();
    record.look = look_();
    if (file_ != nullptr) write(to_line(record));
    if (!repeating() || divergence_) return;
    if (next() == nullptr || !(*next() == record)) {
        diverged(to_line(record));
    } else {
        ++position_;
    }
} catch (const std::bad_alloc&) {
    complete_ = false;
}

void transcript::write(const std::string& line)
{
    // Flushed, because the last lines before an abnormal end are the interesting ones.
    if (std::fputs((line + "\n").c_str(), file_) < 0 || std::fflush(file_) != 0) complete_ = false;
}

void transcript::diverged(const std::string& instead)
{
    if (divergence_) return;
    const transcript_record* expected = next();
    divergence_ = "line " + std::to_string(position_ + 2) + ": recorded " +
                  (expected != nullptr ? to_line(*expected) : "nothing more") + ", but this run has " + instead;
}

} // namespace vigil::qmp_bridge
