// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/demo/timeline.h>

#include <cinttypes>
#include <cstdio>
#include <istream>
#include <utility>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include <vigil/models/i6300esb_rules.h>

namespace vigil::sim {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

std::string hex(std::uint32_t value)
{
    char text[16];
    std::snprintf(text, sizeof text, "%" PRIX32 "h", value);
    return text;
}

std::string seconds(runstate::ns time)
{
    char text[40];
    std::snprintf(text, sizeof text, "%" PRId64 ".%09" PRId64, std::int64_t{time.count() / 1'000'000'000},
                  std::int64_t{time.count() % 1'000'000'000});
    return text;
}

} // namespace

timeline::timeline(qmp_bridge::line_output& out, runstate::controller& controller, qmp_bridge::qmp_server& server)
    : out_(out), controller_(controller), server_(server), socket_(server.executor())
{
}

bool timeline::connect(const std::string& path)
{
    boost::system::error_code error;
    socket_.connect(asio::local::stream_protocol::endpoint(path), error);
    if (error) return false;
    read_line();
    ask("qmp_capabilities");
    return true;
}

void timeline::watch(trace_player& player)
{
    controller_.autostart(false); // the machine starts when the client is there to hear what follows
    out_.write("  simulated time, s  who\n");
    player.searched = [this](int slot) {
        if (slot < 0) {
            say("firmware", "finds no watchdog (8086:25AB) on bus 0; add -device i6300esb");
        } else {
            say("firmware", "finds the watchdog, 8086:25AB, in slot " + std::to_string(slot) + " of bus 0");
        }
    };
    player.accessed = [this](const guest_access& access, std::uint32_t value) { guest_did(access, value); };
    player.finished = [this] { player_finished(); };
}

void timeline::stage_ended(unsigned stage)
{
    const bool silent = (configuration_ & models::i6300esb_bit::wdt_output) != 0;
    say("i6300esb", stage == 1 ? "stage 1 has run out; stage 2 begins"
                    : silent   ? "stage 2 has run out; the reboot output is disabled, nothing follows"
                               : "stage 2 has run out: the watchdog barks");
    if (stage == 2 && silent) server_.post([this] { quit_when_over(); });
}

void timeline::say(const char* who, const std::string& what)
{
    char head[64];
    std::snprintf(head, sizeof head, "%19s  %-8s  ", seconds(controller_.clock.now()).c_str(), who);
    out_.write(head + what + "\n");
}

void timeline::guest_did(const guest_access& access, std::uint32_t value)
{
    if (!access.write) return;
    const bool configuration = access.space == guest_access::where::configuration;
    namespace reg = models::i6300esb_reg;
    namespace bit = models::i6300esb_bit;
    if (configuration && access.offset == reg::wdt_configuration && access.width == 2) {
        configuration_ = value;
        say("driver", "WDT Configuration := " + hex(value));
    } else if (configuration && access.offset == reg::wdt_lock && access.width == 1) {
        counting_ = (value & bit::wdt_enable) != 0;
        say("driver", "WDT Lock := " + hex(value) + (counting_ ? ": the watchdog counts" : ": the watchdog stands"));
    } else if (!configuration && access.width == 4 &&
               (access.offset == reg::preload_value_1 || access.offset == reg::preload_value_2)) {
        const runstate::ns length = models::i6300esb_stage_length(value, (configuration_ & bit::wdt_pre_sel) != 0);
        say("driver", std::string("Preload Value ") + (access.offset == reg::preload_value_1 ? "1" : "2") +
                          " := " + hex(value) + ", " + seconds(length) + " s");
    } else if (!configuration && access.offset == reg::reload && access.width == 2 && (value & bit::wdt_reload) != 0) {
        if (counting_) {
            say("driver", "kick " + std::to_string(++kicks_));
        } else {
            say("driver", "reload");
        }
    }
}

void timeline::player_finished()
{
    say("driver", "falls silent");
    silent_ = true;
    server_.post([this] { quit_when_over(); });
}

void timeline::quit_when_over()
{
    const bool can_bark = counting_ && (configuration_ & models::i6300esb_bit::wdt_output) == 0;
    if (silent_ && !barked_ && !can_bark) ask("quit");
}

void timeline::read_line()
{
    const auto read = [this](const boost::system::error_code& error, std::size_t) {
        if (error) return;
        std::istream stream(&input_);
        std::string line;
        std::getline(stream, line);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        received(line);
        read_line();
    };
    asio::async_read_until(socket_, input_, '\n', life_.tied(read));
}

void timeline::received(const std::string& line)
{
    say("client", "<- " + line);
    boost::system::error_code error;
    const json::value message = json::parse(line, error);
    if (error || !message.is_object()) return;
    const json::object& members = message.get_object();
    if (const json::value* event = members.if_contains("event"); event != nullptr && *event == "WATCHDOG" && !barked_) {
        barked_ = true;
        ask("query-status");
    }
    const json::value* result = members.if_contains("return");
    if (result == nullptr) return;
    if (!std::exchange(listening_, true)) server_.post([this] { controller_.control().cont(); });
    if (result->is_object() && result->get_object().contains("running")) ask("quit");
}

void timeline::ask(const std::string& command)
{
    const std::string request = "{\"execute\": \"" + command + "\"}";
    say("client", "-> " + request);
    boost::system::error_code ignored; // a closed connection shows in read_line
    asio::write(socket_, asio::buffer(request + "\n"), ignored);
}

} // namespace vigil::sim
