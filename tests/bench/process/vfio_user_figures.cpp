// SPDX-License-Identifier: Apache-2.0
#include "figures.h"
#include "processes.h"
#include "table.h"

#include <cstring>

#include <vigil/bus/vfio-user/protocol.h>

namespace vigil::bench {

namespace {

namespace wire = bus::vfio_user;

template <class T> std::string bytes_of(const T& structure)
{
    return {reinterpret_cast<const char*>(&structure), sizeof structure};
}

std::string message(wire::command command, const std::string& body)
{
    const auto size = static_cast<std::uint32_t>(sizeof(wire::header) + body.size());
    return bytes_of(wire::header{1, static_cast<std::uint16_t>(command), size, 0, 0}) + body;
}

// Offset 0Ch of BAR 0, two bytes: what a Linux driver reads.
const std::string& reload_read()
{
    static const std::string request = message(wire::command::region_read, bytes_of(wire::region_access{0x0C, 0, 2}));
    return request;
}

double trip_seconds(peer& client, const std::string& request, std::size_t reply_bytes)
{
    return seconds_of_trip([&] {
        client.send(request);
        client.bytes(reply_bytes);
    });
}

double trip_of_echo(void (*serve)(const std::string&))
{
    const std::string path = fresh_socket();
    const child server([&] { serve(path); });
    peer client(path);
    return trip_seconds(client, reload_read(), reload_read().size());
}

double trip_of_vigil()
{
    const std::string path = fresh_socket();
    const simulator server(VIGIL_SIM, {"-device", "i6300esb,id=wdt", "-vfio-user", "unix:" + path + ",device=wdt"});
    peer client(path);
    const std::string greeting = message(wire::command::version, bytes_of(wire::version{0, 0}));
    client.send(greeting);
    client.bytes(greeting.size());
    return trip_seconds(client, reload_read(), reload_read().size() + 2);
}

} // namespace

void vfio_user_figures(int runs)
{
    const one_processor shared;
    series asio, blocking;
    for (int run = 0; run < runs; ++run) {
        const double vigil = trip_of_vigil();
        asio.add(vigil, trip_of_echo(echo_with_asio));
        blocking.add(vigil, trip_of_echo(echo_blocking));
    }
    print_row("register read over vfio-user", asio, k_us, "Asio echo", 1.5);
    print_row("the same", blocking, k_us, "blocking echo");
}

} // namespace vigil::bench
