// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/pid_file.h>

#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace vigil::sim {

pid_file::~pid_file()
{
    if (!path_.empty()) ::unlink(path_.c_str());
}

bool pid_file::write(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ::lockf(fd, F_TLOCK, 0) != 0) return false;
    path_ = std::filesystem::absolute(path).string(); // a daemon does not stay in its folder
    const std::string text = std::to_string(::getpid()) + "\n";
    return ::ftruncate(fd, 0) == 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

} // namespace vigil::sim
