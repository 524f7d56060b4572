// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/chardev.h>

#include <charconv>

namespace vigil::qmp_bridge {

namespace {

const std::vector<std::string_view> k_negatable{"server", "wait", "delay"};

std::optional<option_error> check_port(const std::string& text)
{
    constexpr unsigned most = 65535;
    unsigned port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, port);
    if (failure == std::errc{} && stop == end && port <= most) return std::nullopt;
    return option_error{"'" + text + "' is not a port from 0 to 65535"};
}

template <class Number>
std::optional<option_error> take_number(option_list& list, std::string_view key, int base, Number most, Number& value)
{
    const auto text = list.take(key);
    if (!text) return std::nullopt;
    Number number = 0;
    const char* end = text->data() + text->size();
    const auto [stop, failure] = std::from_chars(text->data(), end, number, base);
    if (failure != std::errc{} || stop != end || number > most) {
        return option_error{"'" + *text + "' is not a value for '" + std::string(key) + "'; use " +
                            (base == 8 ? "an octal number such as 0660" : "a number of seconds, 0 for never")};
    }
    value = number;
    return std::nullopt;
}

// Takes a switch that cannot be on here.
std::optional<option_error> take_off(option_list& list, const char* key)
{
    const auto given = list.take_switch(key, false);
    if (const auto* error = std::get_if<option_error>(&given)) return *error;
    if (std::get<bool>(given)) return option_error{"'" + std::string(key) + "=on' is not supported here; leave it out"};
    return std::nullopt;
}

// What a socket's name in the file system, or beside it, can have.
std::optional<option_error> take_name(chardev& result, option_list& list)
{
    if (result.kind != chardev::transport::unix_socket) return std::nullopt;
    for (const auto& [key, flag] : {std::pair{"abstract", &result.abstract_name}, {"tight", &result.tight}}) {
        const auto given = list.take_switch(key, *flag);
        if (const auto* error = std::get_if<option_error>(&given)) return *error;
        *flag = std::get<bool>(given);
    }
    return std::nullopt;
}

// Which of a host's addresses and ports are meant.
std::optional<option_error> take_addresses(chardev& result, option_list& list)
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
        if (!wanted[i]) return option_error{"Parameter '" + std::string(keys[i]) + "' expects 'on' or 'off'"};
    }
    const bool no_v4 = wanted[0] == false;
    const bool no_v6 = wanted[1] == false;
    if (no_v4 && no_v6) return option_error{"Cannot disable IPv4 and IPv6 at same time"};
    using family = chardev::family;
    if (no_v6 || (wanted[0] == true && !wanted[1])) result.addresses = family::ipv4;
    if (no_v4 || (wanted[1] == true && !wanted[0])) result.addresses = family::ipv6;
    return std::nullopt;
}

// The keys that every kind of chardev has.
std::optional<option_error> take_log(chardev& result, option_list& list)
{
    if (auto error = take_off(list, "mux")) return error;
    result.logfile = list.take("logfile");
    const auto append = list.take_switch("logappend", false);
    if (const auto* error = std::get_if<option_error>(&append)) return *error;
    result.logappend = std::get<bool>(append);
    if (result.logfile && result.logfile->empty())
        return option_error{"Parameter 'logfile' expects the name of a file"};
    return std::nullopt;
}

// The keys that every kind of socket has; an error where one has no sense.
std::optional<option_error> take_common(chardev& result, option_list& list)
{
    constexpr unsigned an_hour = 3600;
    constexpr unsigned any_mode = 0777;
    if (auto error = take_number(list, "reconnect", 10, an_hour, result.reconnect)) return error;
    if (auto error = take_number(list, "mode", 8, any_mode, result.mode)) return error;
    auto server = list.take_switch("server", false);
    if (auto* error = std::get_if<option_error>(&server)) return *error;
    result.server = std::get<bool>(server);
    auto wait = list.take_switch("wait", result.server);
    if (auto* error = std::get_if<option_error>(&wait)) return *error;
    result.wait = std::get<bool>(wait);
    if (result.wait && !result.server)
        return option_error{"'wait' option is incompatible with socket in client connect mode"};
    if (result.reconnect != 0 && (result.server || result.kind == chardev::transport::descriptor))
        return option_error{"'reconnect' option is incompatible with 'fd' and with socket in server listen mode"};
    for (const char* nagle : {"delay", "nodelay"}) { // Vigil always sends at once
        auto delay = list.take_switch(nagle, false);
        if (auto* error = std::get_if<option_error>(&delay)) return *error;
    }
    for (const char* coat : {"telnet", "tn3270", "websocket"}) {
        if (auto error = take_off(list, coat)) return error;
    }
    if (list.take("tls-creds")) return option_error{"'tls-creds' is not supported here"};
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

std::variant<chardev, option_error> chardev::parse_short(std::string_view text)
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
            return option_error{quoted + ": 'unix:' needs a path, as in unix:/tmp/qmp,server=on,wait=off"};
    } else if (text.substr(0, tcp_prefix.size()) == tcp_prefix) {
        list = option_list::parse(text.substr(tcp_prefix.size()), "address", k_negatable);
        const std::string address = list.take("address").value_or("");
        const std::size_t colon = address.rfind(':');
        if (colon == std::string::npos || colon + 1 == address.size()) {
            return option_error{quoted +
                                ": 'tcp:' needs a host and a port, as in tcp:127.0.0.1:4444,server=on,wait=off"};
        }
        result.kind = transport::tcp;
        result.host = address.substr(0, colon);
        result.port = address.substr(colon + 1);
        if (auto error = check_port(result.port)) return option_error{quoted + ": " + error->text};
        if (result.host.size() > 1 && result.host.front() == '[' && result.host.back() == ']') {
            result.host = result.host.substr(1, result.host.size() - 2);
        }
    } else {
        return option_error{quoted + " is not a valid char driver here; use unix:PATH, tcp:HOST:PORT, stdio or null"};
    }
    if (auto error = take_common(result, list)) return option_error{quoted + ": " + error->text};
    if (auto key = list.unknown_key()) return option_error{quoted + ": Invalid parameter '" + *key + "'"};
    return result;
}

std::variant<chardev, option_error> chardev::from_options(std::string_view backend, option_list& list)
{
    chardev result;
    if (backend == "stdio" || backend == "null") {
        result.kind = backend == "stdio" ? transport::stdio : transport::null;
        const auto signal = list.take_switch("signal", true); // Vigil leaves the terminal as it is
        if (const auto* error = std::get_if<option_error>(&signal)) return *error;
        if (auto error = take_log(result, list)) return *error;
        return result;
    }
    if (backend != "socket") {
        return option_error{"'" + std::string(backend) +
                            (is_other_backend(backend) ? "' is not a char driver that is supported here"
                                                       : "' is not a valid char driver name") +
                            "; use socket, stdio or null"};
    }
    const auto path = list.take("path");
    const auto host = list.take("host");
    const auto port = list.take("port");
    const auto fd = list.take("fd");
    if (int(path.has_value()) + int(port.has_value()) + int(fd.has_value()) != 1) {
        return option_error{"chardev: socket: exactly one of 'path', 'port' (with 'host') and 'fd' is needed"};
    }
    if (path) {
        result.kind = transport::unix_socket;
        result.path = *path;
        if (path->empty()) return option_error{"chardev: socket: 'path' is empty; it must name a file"};
    } else if (port) {
        result.kind = transport::tcp;
        result.host = host.value_or("");
        result.port = *port;
        if (auto error = check_port(*port)) return option_error{"chardev: socket: " + error->text};
    } else {
        result.kind = transport::descriptor;
        const char* end = fd->data() + fd->size();
        const auto [stop, failure] = std::from_chars(fd->data(), end, result.fd);
        if (failure != std::errc{} || stop != end || result.fd < 0) {
            return option_error{"chardev: socket: 'fd' expects the number of an open descriptor, not '" + *fd + "'"};
        }
    }
    if (auto error = take_common(result, list)) return option_error{"chardev: socket: " + error->text};
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
