// SPDX-License-Identifier: Apache-2.0
// vigil-qmp: a QMP client for people.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include <vigil/qmp-bridge/json/utf8.h>
#include <vigil/sim/host/first_steps.h>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr const char* k_usage =
    "usage: vigil-qmp SOCKET                            talk: a command or a JSON object per line\n"
    "       vigil-qmp SOCKET COMMAND [KEY=VALUE ...]    one command; status 1 where it is refused\n"
    "       vigil-qmp --events SOCKET                   print events as they come\n"
    "SOCKET is the path of a unix socket, or HOST:PORT.\n";

// A word on standard error; returns false.
bool complain(const std::string& text)
{
    std::cerr << "vigil-qmp: " << text << '\n';
    return false;
}

// KEY=VALUE: the value is JSON where it reads as such, a string otherwise.
bool add_argument(json::object& arguments, const std::string& word)
{
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return false;
    const std::string text = word.substr(equals + 1);
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    arguments[word.substr(0, equals)] = error ? json::value(text) : value;
    return true;
}

// The request that the words stand for, or nothing where an argument has no `=`.
std::optional<std::string> request_of(const std::vector<std::string>& words)
{
    json::object request{{"execute", words.front()}};
    json::object arguments;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!add_argument(arguments, words[i])) {
            complain("'" + words[i] + "' is not KEY=VALUE");
            return std::nullopt;
        }
    }
    if (!arguments.empty()) request["arguments"] = std::move(arguments);
    return json::serialize(request);
}

// What a server says, as it may go to a terminal: control characters, with which escape sequences begin, are written as
// JSON escapes them.
std::string printable(std::string_view text)
{
    std::string result;
    while (!text.empty()) {
        const auto [code, size] = vigil::qmp_bridge::read_utf8(text);
        const bool control = code && (*code < 0x20 || (*code >= 0x7F && *code < 0xA0));
        if (text.front() == '\n') {
            result += '\n';
        } else if (!code) {
            result += "\\uFFFD";
        } else if (control && text.front() != '\r') {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned>(*code));
            result += escape;
        } else if (!control) {
            result += text.substr(0, size);
        }
        text.remove_prefix(size);
    }
    return result;
}

// The beginning of what a server says, quoted in a complaint.
std::string excerpt(std::string_view text)
{
    constexpr std::size_t k_most = 100;
    const std::string_view line = text.substr(0, std::min({text.find('\n'), text.size(), k_most}));
    return "'" + printable(line) + (line.size() < text.size() ? "...'" : "'");
}

// What a server says at once: text as it came, over one line or several.
struct message {
    std::string text;
    json::object members;

    bool is_event() const { return members.contains("event"); }
};

// Cuts what a server sends into messages.
class message_reader {
public:
    void feed(std::string_view bytes) { text_ += bytes; }

    // The next message, of at most so many bytes. Nothing until more has come, nor once `fault` says what is wrong.
    std::optional<message> next(std::size_t most)
    {
        if (seen_ == 0) text_.erase(0, std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
        if (text_.empty() || !fault.empty()) return std::nullopt;
        boost::system::error_code error;
        if (text_.front() == '{') seen_ += parser_.write_some(text_.data() + seen_, text_.size() - seen_, error);
        if (text_.front() != '{' || error) {
            fault = "what it says is not QMP: " + excerpt(text_);
        } else if (seen_ > most) {
            fault = "it says more than " + std::to_string(most) + " bytes at once: " + excerpt(text_);
        } else if (parser_.done()) {
            message one{text_.substr(0, std::exchange(seen_, 0)), std::move(parser_.release().get_object())};
            text_.erase(0, one.text.size());
            one.text.erase(one.text.find_last_of('}') + 1); // the parser takes the white space behind, too
            parser_.reset();
            return one;
        }
        return std::nullopt;
    }

    std::string fault;

private:
    static json::parse_options options()
    {
        json::parse_options result;
        result.max_depth = 2048;
        result.allow_invalid_utf8 = true;
        return result;
    }

    std::string text_;
    std::size_t seen_ = 0; // by the parser
    json::stream_parser parser_{{}, options()};
};

constexpr std::size_t k_longest_greeting = 64 * 1024;
constexpr std::size_t k_longest_message = 64 * 1024 * 1024;

class client {
public:
    // Connects and negotiates; false, with a word on standard error, where that fails.
    bool open(const std::string& where)
    {
        where_ = where;
        const boost::system::error_code error = connect();
        if (error) return complain(where_ + ": " + error.message());
        const auto greeting = next_message("the greeting", k_longest_greeting);
        if (!greeting) return false;
        if (!greeting->members.contains("QMP")) {
            return complain(where_ + ": what it says is not QMP: " + excerpt(greeting->text));
        }
        if (!send(R"({"execute": "qmp_capabilities"})")) return false;
        const auto reply = read_reply();
        if (!reply) return false;
        return reply->members.contains("return") ||
               complain(where_ + ": it refuses to negotiate: " + printable(reply->text));
    }

    bool send(const std::string& request)
    {
        boost::system::error_code error;
        asio::write(socket_, asio::buffer(request + "\n"), error);
        return !error || complain("the connection is closed");
    }

    // Prints events until the reply comes; nothing, with a word on standard error, where none comes.
    std::optional<message> read_reply()
    {
        while (auto one = next_message("the reply", k_longest_message)) {
            if (!one->is_event()) return one;
            print(*one);
        }
        return std::nullopt;
    }

    // Prints whatever comes until the connection ends; returns whether it ended as it should.
    bool follow()
    {
        do {
            print_received();
        } while (reader_.fault.empty() && receive());
        return ended_well();
    }

    // Lines from standard input are requests; whatever the server says is printed. Returns whether it ended as it
    // should.
    bool talk()
    {
        bool input_open = true;
        std::string typed;
        for (;;) {
            print_received();
            if (!reader_.fault.empty()) return ended_well();
            pollfd ready[2] = {{socket_.native_handle(), POLLIN, 0}, {input_open ? STDIN_FILENO : -1, POLLIN, 0}};
            if (::poll(ready, 2, -1) < 0) {
                if (errno == EINTR) continue;
                return complain(std::strerror(errno));
            }
            if (ready[0].revents != 0 && !receive()) return ended_well();
            if (ready[1].revents == 0) continue;
            input_open = read_typed(typed);
            if (!say_lines(typed, !input_open)) {
                follow(); // what the server said before it went
                return false;
            }
            boost::system::error_code ignored;
            if (!input_open) socket_.shutdown(asio::socket_base::shutdown_send, ignored);
        }
    }

    void print(const message& one) { std::cout << printable(one.text) << std::endl; }

private:
    boost::system::error_code connect()
    {
        boost::system::error_code error;
        const std::size_t colon = where_.rfind(':');
        if (where_.find('/') != std::string::npos || colon == std::string::npos) {
            try {
                socket_.connect(asio::local::stream_protocol::endpoint(where_), error);
            } catch (const boost::system::system_error& too_long) {
                error = too_long.code();
            }
            return error;
        }
        asio::ip::tcp::resolver resolver(io_);
        for (const auto& entry : resolver.resolve(where_.substr(0, colon), where_.substr(colon + 1), error)) {
            boost::system::error_code ignored;
            socket_.close(ignored);
            socket_.connect(entry.endpoint(), error);
            if (!error) break;
        }
        return error;
    }

    // Takes in what was typed; false at its end.
    static bool read_typed(std::string& typed)
    {
        char bytes[4096];
        const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (count > 0) typed.append(bytes, static_cast<std::size_t>(count));
        return count > 0;
    }

    // Sends each whole line, and at the end what was left without one; false where the connection is closed.
    bool say_lines(std::string& typed, bool at_end)
    {
        if (at_end) typed += '\n';
        for (std::size_t end = typed.find('\n'); end != std::string::npos; end = typed.find('\n')) {
            if (!say(typed.substr(0, end))) return false;
            typed.erase(0, end + 1);
        }
        return true;
    }

    // Sends one typed line; false where the connection is closed.
    bool say(const std::string& line)
    {
        std::vector<std::string> words;
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t begin = line.find_first_not_of(" \t\r", at);
            if (begin == std::string::npos) break;
            at = std::min(line.find_first_of(" \t\r", begin), line.size());
            words.push_back(line.substr(begin, at - begin));
        }
        if (words.empty()) return true;
        if (words.front().front() == '{') return send(line);
        const auto request = request_of(words);
        return !request || send(*request);
    }

    void print_received()
    {
        while (const auto one = reader_.next(k_longest_message)) print(*one);
    }

    // Waits for bytes; false at their end.
    bool receive()
    {
        char bytes[16384] = {}; // GCC 14 cannot see that it is written
        const std::size_t count = socket_.read_some(asio::buffer(bytes), end_);
        reader_.feed({bytes, count});
        return !end_;
    }

    // Whether the server has just closed the connection; says what else it was.
    bool ended_well() const
    {
        if (!reader_.fault.empty()) return complain(where_ + ": " + reader_.fault);
        return end_ == asio::error::eof || complain(where_ + ": " + end_.message());
    }

    // Nothing, with a word on standard error, where none comes.
    std::optional<message> next_message(const char* what, std::size_t most)
    {
        for (;;) {
            if (auto one = reader_.next(most)) return one;
            if (!reader_.fault.empty() || !receive()) break;
        }
        if (ended_well()) complain(where_ + ": the connection ended before " + what);
        return std::nullopt;
    }

    asio::io_context io_;
    asio::generic::stream_protocol::socket socket_{io_};
    std::string where_;
    message_reader reader_;
    boost::system::error_code end_;
};

} // namespace

int main(int argc, char* argv[])
{
    if (!vigil::sim::open_missing_descriptors()) return 1;
    std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty() || words.front() == "-h" || words.front() == "--help" || words.front() == "-help") {
        (words.empty() ? std::cerr : std::cout) << k_usage;
        return words.empty() ? 1 : 0;
    }
    const bool events = words.front() == "--events";
    if (events) words.erase(words.begin());
    if (words.empty() || words.front().empty()) {
        std::cerr << k_usage;
        return 1;
    }
    client qmp;
    if (!qmp.open(words.front())) return 1;
    words.erase(words.begin());
    if (events) return qmp.follow() ? 0 : 1;
    if (words.empty()) return qmp.talk() ? 0 : 1;
    const auto request = request_of(words);
    if (!request || !qmp.send(*request)) return 1;
    const auto reply = qmp.read_reply();
    if (!reply) return 1;
    qmp.print(*reply);
    if (!reply->members.contains("return") && !reply->members.contains("error")) {
        complain("this is neither a reply nor an event");
    }
    return reply->members.contains("return") ? 0 : 1;
}
