// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/files/file_access.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>

namespace vigil::runstate {

namespace fs = std::filesystem;

namespace {

using components = std::vector<std::string>;

// What stands between the slashes. An empty one is "."; so is that after a slash at the end, for what is named there
// must be a folder.
components components_of(std::string_view path)
{
    components all;
    for (;;) {
        const std::size_t slash = path.find('/');
        const std::string_view one = path.substr(0, slash);
        all.emplace_back(one.empty() ? "." : one);
        if (slash == std::string_view::npos) return all;
        path.remove_prefix(slash + 1);
    }
}

void drop_dots(components& path) { path.erase(std::remove(path.begin(), path.end(), "."), path.end()); }

// Follows a path from a folder that it never leaves. `..` goes back to a folder that it came through, and never asks
// the system what is above.
class walk {
public:
    struct outside {};
    using outcome = std::variant<file_place, outside, std::error_code>;

    walk(std::shared_ptr<const descriptor> root, components path, std::string shown)
        : folders_{std::move(root)}, ahead_(path.rbegin(), path.rend()), shown_(std::move(shown))
    {
    }

    outcome go()
    {
        while (!ahead_.empty()) {
            std::string next = std::move(ahead_.back());
            ahead_.pop_back();
            if (next == ".") continue;
            std::optional<outcome> end = next == ".." ? step_back() : step(std::move(next));
            if (end) return std::move(*end);
        }
        return failed(EISDIR);
    }

private:
    static outcome failed(int number) { return std::error_code(number, std::generic_category()); }

    std::optional<outcome> step_back()
    {
        if (folders_.size() == 1) return outside{};
        folders_.pop_back();
        return std::nullopt;
    }

    std::optional<outcome> step(std::string name)
    {
        const int here = folders_.back()->number();
        std::array<char, PATH_MAX> target{};
        const ssize_t length = ::readlinkat(here, name.c_str(), target.data(), target.size());
        if (length >= 0) return follow(std::string_view(target.data(), static_cast<std::size_t>(length)));
        if (errno != EINVAL && errno != ENOENT) return failed(errno); // EINVAL: no link
        if (ahead_.empty()) return file_place(folders_.back(), std::move(name), shown_);
        descriptor folder(::openat(here, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!folder) return failed(errno);
        folders_.push_back(std::make_shared<const descriptor>(std::move(folder)));
        return std::nullopt;
    }

    std::optional<outcome> follow(std::string_view target)
    {
        constexpr unsigned k_most_links = 40; // as the kernel
        if (++links_ > k_most_links) return failed(ELOOP);
        if (target.substr(0, 1) == "/") return outside{};
        const components way = components_of(target);
        ahead_.insert(ahead_.end(), way.rbegin(), way.rend());
        return std::nullopt;
    }

    std::vector<std::shared_ptr<const descriptor>> folders_; // from the root to where it stands
    components ahead_;                                       // the next one last
    std::string shown_;
    unsigned links_ = 0;
};

} // namespace

result<file_access> file_access::confined_to(const std::string& directory)
{
    file_access made;
    made.directory_ = directory;
    descriptor root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::error_code error;
    if (!root) error = std::error_code(errno, std::generic_category());
    for (const bool resolved : {true, false}) {
        if (error) break;
        const fs::path path = resolved ? fs::canonical(directory, error) : fs::absolute(directory, error);
        made.root_paths_.push_back(components_of(path.lexically_normal().string()));
        drop_dots(made.root_paths_.back());
    }
    if (error) return refusal{"Could not use the directory '" + directory + "': " + error.message()};
    made.root_ = std::make_shared<const descriptor>(std::move(root));
    return made;
}

std::optional<components> file_access::below_root(const std::string& path) const
{
    components all = components_of(path);
    if (path.front() != '/') return all;
    for (const components& root : root_paths_) {
        auto at = all.begin();
        const auto skip_dots = [&] { at = std::find_if(at, all.end(), [](const auto& one) { return one != "."; }); };
        const bool begins = std::all_of(root.begin(), root.end(), [&](const std::string& one) {
            skip_dots();
            return at != all.end() && *at++ == one;
        });
        skip_dots();
        if (begins && at != all.end()) return components(at, all.end());
    }
    return std::nullopt;
}

result<file_place> file_access::resolve(const std::string& path) const
{
    // The system would take what stands before it for the whole path.
    if (path.find('\0') != std::string::npos) return refusal{"A path cannot contain a NUL character"};
    if (!directory_) return file_place(path);

    const auto cannot = [&](const std::error_code& why) {
        return refusal{"Could not use '" + path + "' inside '" + *directory_ + "': " + why.message()};
    };
    if (path.empty()) return cannot(std::make_error_code(std::errc::no_such_file_or_directory));
    if (path.size() >= PATH_MAX) return cannot(std::make_error_code(std::errc::filename_too_long));
    auto way = below_root(path);
    walk::outcome found = way ? walk(root_, std::move(*way), path).go() : walk::outside{};
    if (auto* place = std::get_if<file_place>(&found)) return std::move(*place);
    if (const auto* error = std::get_if<std::error_code>(&found)) return cannot(*error);
    return refusal{"'" + path + "' is not inside '" + *directory_ + "'"};
}

} // namespace vigil::runstate
