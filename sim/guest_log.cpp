// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/guest_log.h>

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace vigil::sim {

std::optional<std::string> guest_log::open(std::string path)
{
    if (const std::size_t place = path.find("%d"); place != std::string::npos) {
        path.replace(place, 2, std::to_string(::getpid()));
    }
    file_.reset(std::fopen(path.c_str(), "we"));
    if (!file_) return "Error opening logfile " + path + ": " + std::strerror(errno);
    return std::nullopt;
}

void guest_log::write(std::string_view line)
{
    std::fprintf(file_.get(), "%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(file_.get());
}

} // namespace vigil::sim
