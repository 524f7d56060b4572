// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/file_access.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace vigil::runstate {

namespace fs = std::filesystem;

namespace {

bool is_below(const fs::path& root, const fs::path& path)
{
    const auto [end_of_root, rest] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    return end_of_root == root.end() && rest != path.end();
}

} // namespace

std::variant<file_access, std::string> file_access::confined_to(const std::string& directory)
{
    std::error_code error;
    file_access result;
    result.directory_ = directory;
    const fs::path root = fs::canonical(directory, error);
    if (!error && !fs::is_directory(root, error) && !error) {
        error = std::make_error_code(std::errc::not_a_directory);
    }
    if (error) return "Could not use the directory '" + directory + "': " + error.message();
    result.root_ = root.string();
    return result;
}

std::variant<std::string, refusal> file_access::resolve(const std::string& path) const
{
    // The system would take what stands before it for the whole path.
    if (path.find('\0') != std::string::npos) return refusal{"A path cannot contain a NUL character"};
    if (!directory_) return path;

    const fs::path root = root_;
    const fs::path named = root / path; // an absolute path stays as it is
    const refusal outside{"'" + path + "' is not inside '" + *directory_ + "'"};
    // Of what is outside, nothing is told, not even whether it exists.
    const auto cannot = [&](const std::error_code& why) {
        if (!is_below(root, named.lexically_normal())) return outside;
        return refusal{"Could not use '" + path + "' inside '" + *directory_ + "': " + why.message()};
    };

    const fs::path name = named.filename();
    if (name.empty() || name == "." || name == "..") return cannot(std::make_error_code(std::errc::is_a_directory));
    std::error_code error;
    const fs::path folder = fs::canonical(named.parent_path(), error);
    if (error) return cannot(error);
    fs::path file = folder / name;
    if (!is_below(root, file)) return outside;
    if (fs::is_symlink(fs::symlink_status(file, error))) {
        // One that leads nowhere would be followed by whoever creates the file.
        file = fs::canonical(file, error);
        if (error) return cannot(error);
        if (!is_below(root, file)) return outside;
    }
    return file.string();
}

} // namespace vigil::runstate
