// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/first_steps.h>

#include <csignal>
#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace vigil::sim {

bool open_missing_descriptors() noexcept
{
    int null = -1;
    do {
        null = ::open("/dev/null", O_RDWR); // the lowest number that is free
        if (null < 0) return false;
    } while (null <= STDERR_FILENO);
    ::close(null);
    return true;
}

void survive_failing_writes() noexcept
{
    for (const int number : {SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
}

} // namespace vigil::sim
