// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/chardev.h>

#include <charconv>

namespace vigil::qmp_bridge {

namespace {

const std::vector<std::string_view> k_negatable{"server", "wait", "delay"};

std::optional<runstate::refusal> check_port(const std::string& text)
{
    constexpr unsigned most = 65535;
    unsigned port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, port);
    if (failure == std::errc{} && stop == end && port <= most) return std::nullopt;
    return refuse("'" + text + "' is not a port from 0 to 65535");
}

template <class Number>
std::optional<runstate::refusal> take_number(option_list& list, std::string_view key, int base, Number most,
                                             Number& value)
{
    const auto text = list.take(key);
    if (!text) return std::nullopt;
    Number number = 0;
    const char* end = text->data() + text->size();
    const auto [stop, failure] = std::from_chars(text->data(), end, number, base);
    if (failure != std::errc{} || stop != end || number > most) {
        return refuse("'" + *text + "' is not a value for '" + std::string(key) + "'; use " +
                      (base == 8 ? "an octal number such as 0660" : "a number of seconds, 0 for never"));
    }
    value = number;
    return std::nullopt;
}

// Takes a switch that cannot be on here.
std::optional<runstate::refusal> take_off(option_list& list, const char* key)
{
    const auto given = list.take_switch(key, false);
    if (!given) return given.why();
    if (*given) return refuse("'" + std::string(key) + "=on' is not supported here; leave it out");
    return std::nullopt;
}

// What a socket's name in the file system, or beside it, can have.
std::optional<runstate::refusal> take_name(chardev& result, option_list& list)
{
    if (result.kind != chardev::transport::unix_socket) return std::nullopt;
    for (const auto& [key, flag] : {std::pair{"abstract", &result.abstract_name}, {"tight", &result.tight}}) {
        const auto given = list.take_switch(key, *flag);
        if (!given) return given.why();
        *flag = *given;
    }
    return std::nullopt;
}

// Which of a host's addresses and ports are meant.
std::optional<runstate::refusal> take_addresses(chardev& result, option_list& list)
{
    if (const auto last = list.take("to")) {
        if (auto error = check_port(*last)) return error;
        result.last_port = *last;
    }
    std::optional<bool> wanted[2];
    const char* const keys[] = {"ipv4", "ipv6"};
    for (std::size_t i = 0; i < 2; ++i) {
        const auto text = list.take(keys[i]);
        if (!text) continue;
        wanted[i] = parse_switch(*text);
        if (!wanted[i]) return refuse("Parameter '" + std::string(keys[i]) + "' expects 'on' or 'off'");
    }
    const bool no_v4 = wanted[0] == false;
    const bool no_v6 = wanted[1] == false;
    if (no_v4 && no_v6) return refuse("Cannot disable IPv4 and IPv6 at same time");
    using family = chardev::family;
    if (no_v6 || (wanted[0] == true && !wanted[1])) result.addresses = family::ipv4;
    if (no_v4 || (wanted[1] == true && !wanted[0])) result.addresses = family::ipv6;
    return std::nullopt;
}

// The keys that every kind of chardev has.
std::optional<runstate::refusal> take_log(chardev& result, option_list& list)
{
    if (auto error = take_off(list, "mux")) return error;
    result.logfile = list.take("logfile");
    const auto append = list.take_switch("logappend", false);
    if (!append) return append.why();
    result.logappend = *append;
    if (result.logfile && result.logfile->empty()) return refuse("Parameter 'logfile' expects the name of a file");
    return std::nullopt;
}

// The keys that every kind of socket has; an error where one has no sense.
std::optional<runstate::refusal> take_common(chardev& result, option_list& list)
{
    constexpr unsigned an_hour = 3600;
    constexpr unsigned an_hour_ms = an_hour * 1000;
    constexpr unsigned any_mode = 0777;
    unsigned reconnect = 0;
    if (auto error = take_number(list, "reconnect", 10, an_hour, reconnect)) return error;
    result.reconnect = std::chrono::seconds(reconnect);
    if (reconnect == 0) { // how later versions say it
        if (auto error = take_number(list, "reconnect-ms", 10, an_hour_ms, reconnect)) return error;
        result.reconnect = std::chrono::milliseconds(reconnect);
    }
    if (auto error = take_number(list, "mode", 8, any_mode, result.mode)) return error;
    auto server = list.take_switch("server", false);
    if (!server) return server.why();
    result.server = *server;
    auto wait = list.take_switch("wait", result.server);
    if (!wait) return wait.why();
    result.wait = *wait;
    if (result.wait && !result.server)
        return refuse("'wait' option is incompatible with socket in client connect mode");
    if (result.reconnect.count() != 0 && (result.server || result.kind == chardev::transport::descriptor))
        return refuse("'reconnect' option is incompatible with 'fd' and with socket in server listen mode");
    for (const char* nagle : {"delay", "nodelay"}) { // Vigil always sends at once
        auto delay = list.take_switch(nagle, false);
        if (!delay) return delay.why();
    }
    for (const char* coat : {"telnet", "tn3270", "websocket"}) {
        if (auto error = take_off(list, coat)) return error;
    }
    if (list.take("tls-creds")) return refuse("'tls-creds' is not supported here");
    if (auto error = take_log(result, list)) return error;
    return result.kind == chardev::transport::tcp ? take_addresses(result, list) : take_name(result, list);
}

// Those that QEMU has beside ours.
bool is_other_backend(std::string_view name)
{
    for (const std::string_view one :
         {"udp",      "msmouse",  "vc",        "ringbuf", "memory",       "file",    "pipe",
          "pty",      "braille",  "serial",    "tty",     "parallel",     "parport", "testdev",
          "wctablet", "spicevmc", "spiceport", "dbus",    "qemu-vdagent", "mux"}) {
        if (name == one) return true;
    }
    return false;
}

} // namespace

runstate::result<chardev> chardev::parse_short(std::string_view text)
{
    const std::string quoted = "'" + std::string(text) + "'";
    const std::string_view unix_prefix = "unix:";
    const std::string_view tcp_prefix = "tcp:";
    chardev result;
    option_list list;
    if (text == "stdio" || text == "null") {
        result.kind = text == "stdio" ? transport::stdio : transport::null;
        return result;
    }
    if (text.substr(0, unix_prefix.size()) == unix_prefix) {
        list = option_list::parse(text.substr(unix_prefix.size()), "path", k_negatable);
        result.kind = transport::unix_socket;
        result.path = list.take("path").value_or("");
        if (result.path.empty())
            return refuse(quoted + ": 'unix:' needs a path, as in unix:/tmp/qmp,server=on,wait=off");
    } else if (text.substr(0, tcp_prefix.size()) == tcp_prefix) {
        list = option_list::parse(text.substr(tcp_prefix.size()), "address", k_negatable);
        const std::string address = list.take("address").value_or("");
        const std::size_t colon = address.rfind(':');
        if (colon == std::string::npos || colon + 1 == address.size()) {
            return refuse(quoted + ": 'tcp:' needs a host and a port, as in tcp:127.0.0.1:4444,server=on,wait=off");
        }
        result.kind = transport::tcp;
        result.host = address.substr(0, colon);
        result.port = address.substr(colon + 1);
        if (auto error = check_port(result.port)) return refuse(quoted + ": " + error->text);
        if (result.host.size() > 1 && result.host.front() == '[' && result.host.back() == ']') {
            result.host = result.host.substr(1, result.host.size() - 2);
        }
    } else {
        return refuse(quoted + " is not a valid char driver here; use unix:PATH, tcp:HOST:PORT, stdio or null");
    }
    if (auto error = take_common(result, list)) return refuse(quoted + ": " + error->text);
    if (auto key = list.unknown_key()) return refuse(quoted + ": Invalid parameter '" + *key + "'");
    return result;
}

runstate::result<chardev> chardev::from_options(std::string_view backend, option_list& list)
{
    chardev result;
    if (backend == "stdio" || backend == "null") {
        result.kind = backend == "stdio" ? transport::stdio : transport::null;
        const auto signal = list.take_switch("signal", true); // Vigil leaves the terminal as it is
        if (!signal) return signal.why();
        if (auto error = take_log(result, list)) return *error;
        return result;
    }
    if (backend != "socket") {
        return refuse("'" + std::string(backend) +
                      (is_other_backend(backend) ? "' is not a char driver that is supported here"
                                                 : "' is not a valid char driver name") +
                      "; use socket, stdio or null");
    }
    const auto path = list.take("path");
    const auto host = list.take("host");
    const auto port = list.take("port");
    const auto fd = list.take("fd");
    if (int(path.has_value()) + int(port.has_value()) + int(fd.has_value()) != 1) {
        return refuse("chardev: socket: exactly one of 'path', 'port' (with 'host') and 'fd' is needed");
    }
    if (path) {
        result.kind = transport::unix_socket;
        result.path = *path;
        if (path->empty()) return refuse("chardev: socket: 'path' is empty; it must name a file");
    } else if (port) {
        result.kind = transport::tcp;
        result.host = host.value_or("");
        result.port = *port;
        if (auto error = check_port(*port)) return refuse("chardev: socket: " + error->text);
    } else {
        result.kind = transport::descriptor;
        const char* end = fd->data() + fd->size();
        const auto [stop, failure] = std::from_chars(fd->data(), end, result.fd);
        if (failure != std::errc{} || stop != end || result.fd < 0) {
            return refuse("chardev: socket: 'fd' expects the number of an open descriptor, not '" + *fd + "'");
        }
    }
    if (auto error = take_common(result, list)) return refuse("chardev: socket: " + error->text);
    return result;
}

std::string chardev::to_string() const
{
    std::string text;
    switch (kind) {
    case transport::unix_socket:
        text = "unix:" + path + (abstract_name ? ",abstract" : "") + (abstract_name && tight ? ",tight" : "");
        break;
    case transport::tcp: text = "tcp:" + host + ":" + port; break;
    case transport::descriptor: text = "fd:" + std::to_string(fd); break;
    case transport::stdio: text = "stdio"; break;
    case transport::null: text = "null"; break;
    }
    return server ? text + ",server=on" : text;
}

std::string_view chardev::qom_type() const noexcept
{
    switch (kind) {
    case transport::stdio: return "chardev-stdio";
    case transport::null: return "chardev-null";
    default: return "chardev-socket";
    }
}

} // namespace vigil::qmp_bridge
