// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/files/file_place.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include <fcntl.h>

namespace vigil::runstate {

descriptor file_place::open(int flags, mode_t mode) const
{
    constexpr int k_always = O_CLOEXEC | O_NOCTTY;
    if (folder_ == nullptr) return descriptor(::open(name_.c_str(), flags | k_always, mode));
    return descriptor(::openat(folder(), name_.c_str(), flags | k_always | O_NOFOLLOW, mode));
}

std::variant<file_place, std::error_code> file_place::settled() const
{
    if (folder_ != nullptr) return *this;
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(name_.c_str(), nullptr), std::free);
    if (real == nullptr && errno != ENOENT) return std::error_code(errno, std::generic_category());
    return in_folder(real != nullptr ? real.get() : name_, shown_);
}

std::variant<file_place, std::error_code> file_place::in_folder(const std::string& path, std::string shown)
{
    const auto failed = [](int number) { return std::error_code(number, std::generic_category()); };
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name.empty() || name == "." || name == "..") return failed(EISDIR);
    descriptor opened(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return failed(errno);
    return file_place(std::make_shared<const descriptor>(std::move(opened)), std::move(name), std::move(shown));
}

} // namespace vigil::runstate
