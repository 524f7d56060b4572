// SPDX-License-Identifier: Apache-2.0
// Loaded into a program under test by LD_PRELOAD: at the unix socket VIGIL_HEAP_PROBE it tells every client, in one
// line of its own thread, how many bytes the program has allocated.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <malloc.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

int listener = -1;

[[noreturn]] void* serve(void*)
{
    for (;;) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        const struct mallinfo2 heap = ::mallinfo2();
        ::dprintf(client, "%zu\n", heap.uordblks + heap.hblkhd);
        ::close(client);
    }
}

bool listen_at(std::string_view path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    path.copy(address.sun_path, path.size());
    listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
           ::listen(listener, 1) == 0;
}

[[gnu::constructor]] void start()
{
    const char* path = std::getenv("VIGIL_HEAP_PROBE");
    if (path == nullptr || !listen_at(path)) return;
    // Signals are the program's own affair.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    ::pthread_create(&thread, nullptr, serve, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

} // namespace
