// SPDX-License-Identifier: Apache-2.0
// Plays recorded conversations:  conformance_player --program vigil-sim [--schema 2.10|7.2 | --version 11.1]
// NAME.probe... or records them:               conformance_player --record --program qemu-system-x86_64 NAME.probe...
//
// NAME.probe holds the steps, NAME.golden the replies and events that the recorded machine gave, QEMU 7.2;
// NAME.11.1.golden those of QEMU 11.1, where it gave others. Steps, one a line, after optional lines `args: …` and
// `machine: …` (numbers in C syntax; W is b, w, l or q):
//
//     attach               find PCI 8086:25ab on bus 0, map its BAR 0, enable memory decoding
//     cfgw.W OFF VAL       PCI configuration write        cfgr.W OFF      PCI configuration read
//     mmw.W OFF VAL        BAR 0 write                    mmr.W OFF       BAR 0 read
//     out.W PORT VAL       I/O port write                 in.W PORT       I/O port read
//     unlock               mmw.w 0xc 0x80, mmw.w 0xc 0x86
//     kick                 unlock, mmw.w 0xc 0x100
//     preload P1 P2        unlock, mmw.l 0 P1, unlock, mmw.l 4 P2
//     enable               cfgw.b 0x68 2
//     step NS              advance the virtual clock
//     qtest LINE           any qtest line
//     qmp JSON             a QMP command; gets an "id" where it has none
//     rawqmp TEXT          these bytes (\n, \xNN … are escapes); one reply
//     events               nothing: the events still pending are recorded
//     gone                 the program closes its connections and exits by itself
//
// In NAME.golden `> ` is a step, `< ` a reply, `* ` an event (without its timestamp) that came with the step. Members
// of objects stand in alphabetical order there, so that a recording made anew differs only where the program does.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include <program_under_test.h>

namespace {

namespace json = boost::json;
using vigil::tests::connection;
using vigil::tests::lost;
using vigil::tests::no_answer;
using vigil::tests::process;
using vigil::tests::trimmed;
using vigil::tests::workspace;
using lines = std::vector<std::string>;

constexpr std::uint64_t k_bar0 = 0xfebf0000;

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

lines words(std::string_view text)
{
    std::istringstream in{std::string(text)};
    lines result;
    for (std::string word; in >> word;) result.push_back(word);
    return result;
}

std::uint64_t number(const std::string& word)
{
    std::size_t used = 0;
    const auto value = std::stoull(word, &used, 0);
    if (used != word.size() || word[0] == '-') throw std::invalid_argument("not a number: " + word);
    return value;
}

std::string hex(std::uint64_t value)
{
    std::ostringstream out;
    out << "0x" << std::hex << value;
    return out.str();
}

/// Bytes written with C's escapes.
std::string unescaped(std::string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || ++i == text.size()) {
            result += text[std::min(i, text.size() - 1)];
            continue;
        }
        const auto digits = text[i] == 'x' ? 2U : text[i] == 'u' ? 4U : 0U;
        if (digits != 0) {
            const auto code = std::stoul(std::string(text.substr(i + 1, digits)), nullptr, 16);
            if (code > 0xff) throw std::invalid_argument("an escape is one byte: " + std::string(text));
            result += static_cast<char>(code);
            i += digits;
            continue;
        }
        constexpr std::string_view names = "nrtabfv0\\\"'";
        constexpr std::string_view bytes{"\n\r\t\a\b\f\v\0\\\"'", 11};
        const auto at = names.find(text[i]);
        if (at == std::string_view::npos) throw std::invalid_argument("unknown escape in " + std::string(text));
        result += bytes[at];
    }
    return result;
}

/// JSON as recordings have it.
std::string recorded(const json::value& value)
{
    std::string result;
    const auto append = [&result](const std::string& item) { result += (result.empty() ? "" : ", ") + item; };
    if (value.is_array()) {
        for (const auto& item : value.get_array()) append(recorded(item));
        return "[" + result + "]";
    }
    if (value.is_object()) {
        std::map<std::string_view, const json::value*> members;
        for (const auto& member : value.get_object()) members.emplace(member.key(), &member.value());
        for (const auto& [key, member] : members) append(json::serialize(key) + ": " + recorded(*member));
        return "{" + result + "}";
    }
    return json::serialize(value);
}

/// JSON equality in which the order of members does not matter and a double may be off by its last digits (it was
/// printed and read by different programs).
bool same(const json::value& a, const json::value& b)
{
    if (a.is_double() && b.is_double()) {
        const double x = a.get_double();
        const double y = b.get_double();
        return x == y || std::abs(x - y) <= 4 * std::numeric_limits<double>::epsilon() * std::abs(x);
    }
    if (a.is_object() && b.is_object()) {
        const auto& x = a.get_object();
        const auto& y = b.get_object();
        return x.size() == y.size() && std::all_of(x.begin(), x.end(), [&](const auto& member) {
                   const auto* other = y.if_contains(member.key());
                   return other != nullptr && same(member.value(), *other);
               });
    }
    if (a.is_array() && b.is_array()) {
        const auto& x = a.get_array();
        const auto& y = b.get_array();
        return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
    }
    return a == b;
}

/// Equality of transcript lines: JSON compares as a value.
bool same_line(const std::string& a, const std::string& b)
{
    if (a == b) return true;
    if (a.substr(0, 3) != b.substr(0, 3) || (!starts_with(a, "< {") && !starts_with(a, "* {"))) return false;
    json::error_code bad_a;
    json::error_code bad_b;
    const auto x = json::parse(a.substr(2), bad_a);
    const auto y = json::parse(b.substr(2), bad_b);
    return !bad_a && !bad_b && same(x, y);
}

struct scenario {
    std::string machine = "pc";
    lines args;
    lines steps;
};

scenario load(const std::filesystem::path& path)
{
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    scenario result;
    for (std::string raw; std::getline(in, raw);) {
        auto line = trimmed(raw);
        if (line.empty() || line[0] == '#') continue;
        if (starts_with(line, "args:")) {
            if (line.find_first_of("'\"\\") != std::string::npos)
                throw std::invalid_argument("args: takes plain words: " + line);
            result.args = words(line.substr(5));
        } else if (starts_with(line, "machine:")) {
            result.machine = trimmed(line.substr(8));
        } else {
            result.steps.push_back(std::move(line));
        }
    }
    return result;
}

lines load_lines(const std::filesystem::path& path)
{
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    lines result;
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
}

/// What the program is asked to be; what is empty is not asked for: QEMU has one schema and one version only.
struct profile {
    std::string schema;
    std::string version;
};

/// The program under test, started for one scenario and connected to by both protocols.
class target {
public:
    target(const std::string& program, const profile& wanted, const scenario& played)
        : process_(command(program, wanted, played), workspace_), qmp_(process_.connect("qmp")),
          qtest_(process_.connect("qtest"))
    {
        workspace_.remove();
        read_message(); // the greeting
        execute({{"execute", "qmp_capabilities"}});
    }

    /// Plays all steps and returns the transcript.
    lines play(const lines& steps)
    {
        lines out;
        for (const auto& step : steps) {
            out.push_back("> " + step);
            lines replies;
            try {
                if (step == "gone") throw lost("expected");
                replies = perform(step);
                if (!starts_with(step, "rawqmp")) settle();
            } catch (const lost&) {
                // The program is closing: which qtest replies still got out is a race, the QMP ones are not.
                if (starts_with(step, "qmp")) append_replies(out, replies);
                drain_until_exit(out);
                return out;
            } catch (const no_answer&) {
                out.emplace_back("! no answer");
                return out;
            }
            append_replies(out, replies);
            append_events(out);
        }
        return out;
    }

    std::string printed() const { return workspace_.printed(); }

private:
    lines command(const std::string& program, const profile& wanted, const scenario& played) const
    {
        const auto server = [&](const char* name) {
            return "unix:" + (workspace_.path / name).string() + ",server=on,wait=off";
        };
        lines result{program,  "-machine", played.machine, "-nodefaults", "-display", "none",
                     "-accel", "qtest",    "-qmp",         server("qmp"), "-qtest",   server("qtest")};
        if (!wanted.schema.empty()) result.insert(result.end(), {"-qmp-schema", wanted.schema});
        if (!wanted.version.empty()) result.insert(result.end(), {"-qemu-version", wanted.version});
        result.insert(result.end(), played.args.begin(), played.args.end());
        return result;
    }

    json::object read_message()
    {
        const auto line = qmp_.read_line();
        json::error_code bad;
        auto value = json::parse(line, bad);
        if (bad || !value.is_object()) throw std::runtime_error("not a QMP message: " + line);
        return std::move(value.get_object());
    }

    void keep_event(json::object message)
    {
        message.erase("timestamp");
        events_.push_back(std::move(message));
    }

    json::object reply(bool drop_id = false)
    {
        for (;;) {
            auto message = read_message();
            if (message.contains("event")) {
                keep_event(std::move(message));
                continue;
            }
            if (drop_id) message.erase("id");
            return message;
        }
    }

    json::object execute(json::object request)
    {
        ++serial_;
        const bool added = !request.contains("id");
        if (added) request["id"] = "n" + std::to_string(serial_);
        qmp_.send(json::serialize(request) + "\n");
        return reply(added);
    }

    std::string qtest(const std::string& line)
    {
        qtest_.send(line + "\n");
        for (;;) {
            auto answer = qtest_.read_line();
            if (!starts_with(answer, "IRQ ")) return answer;
        }
    }

    /// What the step sets off is served, and its events sent, before a few queries are answered.
    void settle()
    {
        for (int i = 0; i < 3; ++i) execute({{"execute", "query-status"}});
    }

    /// Points the configuration mechanism at a register and returns the port to access.
    std::string config_port(std::uint64_t offset)
    {
        qtest("outl 0xcf8 " + hex(0x80000000U | slot_ << 11U | (offset & 0xfcU)));
        return hex(0xcfc + (offset & 3U));
    }

    std::string attach()
    {
        for (slot_ = 0; slot_ < 32; ++slot_) {
            auto id = qtest("inl " + config_port(0));
            std::transform(id.begin(), id.end(), id.begin(), [](char c) { return c == 'X' ? 'x' : c; });
            if (id != "OK 0x25ab8086") continue;
            qtest("outl " + config_port(0x10) + " " + hex(k_bar0));
            qtest("outw " + config_port(0x04) + " 0x2");
            return "OK";
        }
        return "FAIL not found";
    }

    lines perform_all(std::initializer_list<std::string> steps)
    {
        lines replies;
        for (const auto& step : steps)
            for (auto& r : perform(step)) replies.push_back(std::move(r));
        return replies;
    }

    lines perform(const std::string& step)
    {
        const auto space = step.find(' ');
        const auto op = step.substr(0, space);
        const auto rest = space == std::string::npos ? std::string() : trimmed(step.substr(space));
        const auto argument = [args = words(rest), &step](std::size_t i) {
            if (i >= args.size()) throw std::invalid_argument("too few numbers: " + step);
            return number(args[i]);
        };
        const auto dot = op.find('.');
        const auto name = op.substr(0, dot);
        const auto width = dot == std::string::npos ? "l" : op.substr(dot + 1);

        if (op == "attach") return {attach()};
        if (name == "cfgw") {
            const auto port = config_port(argument(0));
            return {qtest("out" + width + " " + port + " " + hex(argument(1)))};
        }
        if (name == "cfgr") {
            const auto port = config_port(argument(0));
            return {qtest("in" + width + " " + port)};
        }
        if (name == "mmw") return {qtest("write" + width + " " + hex(k_bar0 + argument(0)) + " " + hex(argument(1)))};
        if (name == "mmr") return {qtest("read" + width + " " + hex(k_bar0 + argument(0)))};
        if (name == "out") return {qtest("out" + width + " " + hex(argument(0)) + " " + hex(argument(1)))};
        if (name == "in") return {qtest("in" + width + " " + hex(argument(0)))};
        if (op == "unlock") return perform_all({"mmw.w 0xc 0x80", "mmw.w 0xc 0x86"});
        if (op == "kick") return perform_all({"unlock", "mmw.w 0xc 0x100"});
        if (op == "preload")
            return perform_all({"unlock", "mmw.l 0 " + hex(argument(0)), "unlock", "mmw.l 4 " + hex(argument(1))});
        if (op == "enable") return perform("cfgw.b 0x68 2");
        if (op == "step") return {qtest("clock_step " + std::to_string(argument(0)))};
        if (op == "qtest") return {qtest(rest)};
        if (op == "qmp") return {recorded(execute(json::parse(rest).as_object()))};
        if (op == "rawqmp") {
            qmp_.send(unescaped(rest));
            return {recorded(reply())};
        }
        if (op == "events") return {};
        throw std::invalid_argument("unknown step: " + step);
    }

    static void append_replies(lines& out, const lines& replies)
    {
        for (const auto& r : replies) out.push_back("< " + r);
    }

    void append_events(lines& out)
    {
        for (const auto& e : events_) out.push_back("* " + recorded(e));
        events_.clear();
    }

    void drain_until_exit(lines& out)
    {
        try {
            for (;;) {
                auto message = read_message();
                if (message.contains("event")) keep_event(std::move(message));
            }
        } catch (const std::runtime_error&) { // closed, or silent
        }
        append_events(out);
        const auto status = process_.wait();
        out.push_back(status ? "< exit " + std::to_string(*status) : "! still running");
    }

    workspace workspace_;
    process process_;
    connection qmp_;
    connection qtest_;
    std::vector<json::object> events_;
    std::uint64_t serial_ = 0;
    std::uint64_t slot_ = 0;
};

/// The expectation in the words of the 2.10 schema, which has no `reason`.
std::string in_2_10(const std::string& line)
{
    if (!starts_with(line, "* ")) return line;
    auto event = json::parse(line.substr(2)).as_object();
    if (event["event"] == "RESET" || event["event"] == "SHUTDOWN") event["data"].as_object().erase("reason");
    return "* " + recorded(event);
}

/// A transcript by its steps: each with all that came of it.
std::vector<lines> by_step(const lines& transcript)
{
    std::vector<lines> result;
    for (const auto& line : transcript) {
        if (result.empty() || starts_with(line, "> ")) result.emplace_back();
        result.back().push_back(line);
    }
    return result;
}

void print(std::string_view title, const std::vector<lines>& steps, std::size_t step)
{
    std::cout << "  " << title << ":\n";
    if (step >= steps.size())
        std::cout << "    (ended before)\n";
    else
        for (const auto& line : steps[step]) std::cout << "    " << line << '\n';
}

std::string name_of(const profile& wanted)
{
    return wanted.version.empty() ? "schema " + wanted.schema : "version " + wanted.version;
}

/// The recording to compare with.
std::filesystem::path golden_of(std::filesystem::path probe, const profile& wanted)
{
    const auto general = std::filesystem::path(probe).replace_extension(".golden");
    if (wanted.version.empty()) return general;
    const auto own = probe.replace_extension("." + wanted.version + ".golden");
    return std::filesystem::exists(own) ? own : general;
}

bool check(const std::string& program, const profile& wanted, const std::filesystem::path& probe)
{
    const auto played = load(probe);
    const auto golden = golden_of(probe, wanted);
    auto want = load_lines(golden);
    if (want.empty()) throw std::runtime_error("nothing recorded in " + golden.string());
    if (wanted.schema == "2.10") std::transform(want.begin(), want.end(), want.begin(), in_2_10);

    target machine(program, wanted, played);
    const auto got = by_step(machine.play(played.steps));
    const auto expected = by_step(want);
    std::size_t step = 0;
    while (step < expected.size() && step < got.size() &&
           std::equal(expected[step].begin(), expected[step].end(), got[step].begin(), got[step].end(), same_line))
        ++step;
    if (step == expected.size() && step == got.size()) return true;

    std::cout << probe.stem().string() << ", " << name_of(wanted) << ": step " << step + 1 << " of "
              << played.steps.size() << " differs\n";
    print("expected", expected, step);
    print("got", got, step);
    if (const auto printed = machine.printed(); !printed.empty()) std::cout << "  it printed:\n" << printed << '\n';
    return false;
}

/// Writes what the program answers to the golden file beside `probe`; nothing where the program gave no answer.
void record(const std::string& program, const profile& wanted, const std::filesystem::path& probe)
{
    const auto played = load(probe);
    if (played.steps.empty()) throw std::runtime_error("no step in " + probe.string());
    target machine(program, wanted, played);
    const auto transcript = machine.play(played.steps);
    if (starts_with(transcript.back(), "! ")) {
        const auto step = by_step(transcript).size();
        throw std::runtime_error("step " + std::to_string(step) + ": " + transcript.back().substr(2) +
                                 "; nothing is recorded");
    }

    auto golden = probe;
    golden.replace_extension(".golden");
    std::ofstream out(golden);
    for (const auto& line : transcript) out << line << '\n';
    if (!out.flush()) throw std::runtime_error("cannot write " + golden.string());
    std::cout << "recorded " << golden.string() << '\n';
}

struct command_line {
    bool record = false;
    std::string program;
    profile wanted;
    std::vector<std::filesystem::path> probes;
};

std::optional<command_line> parse(int argc, char* argv[])
{
    command_line result;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--record") {
            result.record = true;
        } else if (word == "--program" && i + 1 < argc) {
            result.program = argv[++i];
        } else if (word == "--schema" && i + 1 < argc) {
            result.wanted.schema = argv[++i];
            if (result.wanted.schema != "7.2" && result.wanted.schema != "2.10") return std::nullopt;
        } else if (word == "--version" && i + 1 < argc) {
            result.wanted.version = argv[++i];
            if (result.wanted.version != "11.1") return std::nullopt;
        } else if (std::filesystem::path(word).extension() == ".probe") {
            result.probes.emplace_back(word);
        } else {
            return std::nullopt;
        }
    }
    if (result.program.empty() || result.probes.empty()) return std::nullopt;
    if (!result.wanted.version.empty() && (result.record || !result.wanted.schema.empty())) return std::nullopt;
    return result;
}

/// How many of the recordings do not agree with the program.
std::size_t check_all(const command_line& given)
{
    profile wanted = given.wanted;
    if (wanted.schema.empty() && wanted.version.empty()) wanted.schema = "7.2";
    std::size_t failed = 0;
    for (const auto& probe : given.probes) {
        try {
            if (!check(given.program, wanted, probe)) ++failed;
        } catch (const std::exception& e) {
            std::cout << probe.stem().string() << ", " << name_of(wanted) << ": " << e.what() << '\n';
            ++failed;
        }
    }
    std::cout << given.probes.size() - failed << " passed, " << failed << " failed\n";
    return failed;
}

/// How many of the recordings could not be made.
std::size_t record_all(const command_line& given)
{
    std::size_t failed = 0;
    for (const auto& probe : given.probes) {
        try {
            record(given.program, given.wanted, probe);
        } catch (const std::exception& e) {
            std::cerr << probe.stem().string() << ": " << e.what() << '\n';
            ++failed;
        }
    }
    return failed;
}

} // namespace

int main(int argc, char* argv[])
{
    const auto given = parse(argc, argv);
    if (!given) {
        std::cerr << "usage: " << argv[0]
                  << " [--record] --program PROGRAM [--schema 2.10|7.2 | --version 11.1] NAME.probe...\n";
        return 2;
    }
    const std::size_t failed = given->record ? record_all(*given) : check_all(*given);
    return failed == 0 ? 0 : 1;
}
