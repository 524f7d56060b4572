// SPDX-License-Identifier: Apache-2.0
// vigil-qmp: a QMP client for people.

#include <cstdio>
#include <deque>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
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

#include <vigil/sim/first_steps.h>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr const char* k_usage =
    "usage: vigil-qmp SOCKET                            talk: a command or a JSON object per line\n"
    "       vigil-qmp SOCKET COMMAND [KEY=VALUE ...]    one command; status 1 where it is refused\n"
    "       vigil-qmp --events SOCKET                   print events as they come\n"
    "SOCKET is the path of a unix socket, or HOST:PORT.\n";

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
            std::cerr << "vigil-qmp: '" << words[i] << "' is not KEY=VALUE\n";
            return std::nullopt;
        }
    }
    if (!arguments.empty()) request["arguments"] = std::move(arguments);
    return json::serialize(request);
}

class client {
public:
    // Connects and negotiates; false, with a word on standard error, where that fails.
    bool open(const std::string& where)
    {
        boost::system::error_code error;
        const std::size_t colon = where.rfind(':');
        if (where.find('/') == std::string::npos && colon != std::string::npos) {
            asio::ip::tcp::resolver resolver(io_);
            for (const auto& entry : resolver.resolve(where.substr(0, colon), where.substr(colon + 1), error)) {
                socket_.close(error);
                socket_.connect(entry.endpoint(), error);
                if (!error) break;
            }
        } else {
            socket_.connect(asio::local::stream_protocol::endpoint(where), error);
        }
        if (error) {
            std::cerr << "vigil-qmp: " << where << ": " << error.message() << '\n';
            return false;
        }
        if (!next_line() || !send(R"({"execute": "qmp_capabilities"})")) return false;
        return read_reply(false).has_value();
    }

    bool send(const std::string& request)
    {
        boost::system::error_code error;
        asio::write(socket_, asio::buffer(request + "\n"), error);
        if (error) std::cerr << "vigil-qmp: the connection is closed\n";
        return !error;
    }

    // Prints events until the reply comes; returns whether it is a success, nothing where the connection ends first.
    std::optional<bool> read_reply(bool print)
    {
        while (const auto line = next_line()) {
            boost::system::error_code error;
            const json::value message = json::parse(*line, error);
            const bool event = !error && message.is_object() && message.get_object().contains("event");
            if (print || event) std::cout << *line << std::endl;
            if (!event) return !error && message.is_object() && message.get_object().contains("return");
        }
        return std::nullopt;
    }

    // Prints whatever comes until the connection ends.
    void follow()
    {
        while (const auto line = next_line()) std::cout << *line << std::endl;
    }

    // Lines from standard input are requests; whatever the server says is printed.
    void talk()
    {
        bool input_open = true;
        std::string typed;
        for (;;) {
            while (const auto line = buffered_line()) std::cout << *line << std::endl;
            pollfd ready[2] = {{socket_.native_handle(), POLLIN, 0}, {input_open ? STDIN_FILENO : -1, POLLIN, 0}};
            if (::poll(ready, 2, -1) < 0) return;
            if (ready[0].revents != 0 && !receive()) return;
            if (ready[1].revents == 0) continue;
            char bytes[4096];
            const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
            if (count <= 0) {
                input_open = false;
                boost::system::error_code ignored;
                socket_.shutdown(asio::socket_base::shutdown_send, ignored);
                continue;
            }
            typed.append(bytes, static_cast<std::size_t>(count));
            for (std::size_t end = typed.find('\n'); end != std::string::npos; end = typed.find('\n')) {
                if (!say(typed.substr(0, end))) {
                    follow(); // what the server said before it went
                    return;
                }
                typed.erase(0, end + 1);
            }
        }
    }

private:
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

    std::optional<std::string> buffered_line()
    {
        const std::size_t end = received_.find('\n');
        if (end == std::string::npos) return std::nullopt;
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 1);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        return line;
    }

    bool receive()
    {
        char bytes[16384] = {}; // GCC 14 cannot see that it is written
        boost::system::error_code error;
        const std::size_t count = socket_.read_some(asio::buffer(bytes), error);
        received_.append(bytes, count);
        return !error;
    }

    std::optional<std::string> next_line()
    {
        for (;;) {
            if (auto line = buffered_line()) return line;
            if (!receive()) return std::nullopt;
        }
    }

    asio::io_context io_;
    asio::generic::stream_protocol::socket socket_{io_};
    std::string received_;
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
    if (events) {
        qmp.follow();
    } else if (words.empty()) {
        qmp.talk();
    } else {
        const auto request = request_of(words);
        if (!request || !qmp.send(*request)) return 1;
        const auto success = qmp.read_reply(true);
        if (!success) std::cerr << "vigil-qmp: the connection ended before the reply\n";
        return success.value_or(false) ? 0 : 1;
    }
    return 0;
}
