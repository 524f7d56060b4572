// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/sandbox.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

namespace vigil::sim {

namespace {

using call_names = std::initializer_list<const char*>;

// Every list names what any C library of Debian makes of the functions in use, on every architecture: a name that the
// architecture does not have is passed over. They are allowed whatever their arguments.

constexpr call_names k_descriptors{"close",
                                   "close_range",
                                   "dup",
                                   "dup2",
                                   "dup3",
                                   "fcntl",
                                   "fcntl64",
                                   "read",
                                   "readv",
                                   "pread64",
                                   "preadv",
                                   "preadv2",
                                   "write",
                                   "writev",
                                   "pwrite64",
                                   "pwritev",
                                   "pwritev2",
                                   "lseek",
                                   "_llseek",
                                   "pipe",
                                   "pipe2",
                                   "eventfd",
                                   "eventfd2",
                                   "timerfd_create",
                                   "timerfd_settime",
                                   "timerfd_settime64",
                                   "timerfd_gettime",
                                   "timerfd_gettime64",
                                   "epoll_create",
                                   "epoll_create1",
                                   "epoll_ctl",
                                   "epoll_wait",
                                   "epoll_pwait",
                                   "epoll_pwait2",
                                   "poll",
                                   "ppoll",
                                   "ppoll_time64",
                                   "select",
                                   "_newselect",
                                   "pselect6",
                                   "pselect6_time64"};

// No bind and no listen: what is served stands before.
constexpr call_names k_sockets{"accept",   "accept4",     "connect",         "shutdown",   "recv",      "recvfrom",
                               "recvmsg",  "recvmmsg",    "recvmmsg_time64", "send",       "sendto",    "sendmsg",
                               "sendmmsg", "getsockname", "getpeername",     "getsockopt", "setsockopt"};

// chdir, because a daemon leaves its folder last of all.
constexpr call_names k_files{
    "open",         "openat",   "openat2",    "creat",      "rename",    "renameat",    "renameat2", "unlink",
    "unlinkat",     "readlink", "readlinkat", "getcwd",     "chdir",     "umask",       "access",    "faccessat",
    "faccessat2",   "stat",     "stat64",     "lstat",      "lstat64",   "fstat",       "fstat64",   "fstatat64",
    "newfstatat",   "statx",    "getdents",   "getdents64", "ftruncate", "ftruncate64", "fallocate", "fadvise64",
    "fadvise64_64", "fsync",    "fdatasync",  "flock",      "linkat"};

constexpr call_names k_memory{"brk", "munmap", "mremap", "madvise", "mincore", "membarrier"};

constexpr call_names k_time{"clock_gettime",
                            "clock_gettime64",
                            "clock_getres",
                            "clock_getres_time64",
                            "clock_nanosleep",
                            "clock_nanosleep_time64",
                            "nanosleep",
                            "gettimeofday",
                            "time",
                            "times"};

constexpr call_names k_process{"exit",
                               "exit_group",
                               "restart_syscall",
                               "rt_sigaction",
                               "rt_sigprocmask",
                               "rt_sigpending",
                               "rt_sigreturn",
                               "rt_sigsuspend",
                               "rt_sigtimedwait",
                               "rt_sigtimedwait_time64",
                               "sigreturn",
                               "sigaltstack",
                               "futex",
                               "futex_time64",
                               "set_robust_list",
                               "set_tid_address",
                               "rseq",
                               "sched_yield",
                               "sched_getaffinity",
                               "getcpu",
                               "getpid",
                               "getppid",
                               "gettid",
                               "getuid",
                               "getuid32",
                               "geteuid",
                               "geteuid32",
                               "getgid",
                               "getgid32",
                               "getegid",
                               "getegid32",
                               "getrusage",
                               "getrlimit",
                               "ugetrlimit",
                               "getrandom",
                               "sysinfo",
                               "uname"};

// What the keys of -sandbox add.
constexpr call_names k_obsolete{"readdir",         "_sysctl",      "bdflush",  "create_module",
                                "get_kernel_syms", "query_module", "sgetmask", "ssetmask",
                                "sysfs",           "uselib",       "ustat"};
constexpr call_names k_elevation{"setuid",    "setuid32",    "setgid",   "setgid32",   "setpgid",   "setsid",
                                 "setreuid",  "setreuid32",  "setregid", "setregid32", "setresuid", "setresuid32",
                                 "setresgid", "setresgid32", "setfsuid", "setfsuid32", "setfsgid",  "setfsgid32"};
constexpr call_names k_spawning{"fork", "vfork", "clone", "clone3", "execve", "execveat", "wait4", "waitid", "waitpid",
                                // A program's first steps.
                                "mmap", "mmap2", "mprotect", "arch_prctl", "set_tls", "prlimit64"};
constexpr call_names k_resources{"getpriority",        "setpriority",        "sched_getparam",    "sched_setparam",
                                 "sched_getscheduler", "sched_setscheduler", "sched_setaffinity", "sched_getattr",
                                 "sched_setattr",      "ioprio_get",         "ioprio_set",        "setrlimit",
                                 "prlimit64"};

// A filter in the making; the first thing that goes wrong is kept.
class filter {
public:
    filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), ::seccomp_release)
    {
        if (!context_) {
            failure_ = ENOMEM;
            return;
        }
        // Calls by another architecture's numbers are refused in the same way, where the default would be to kill.
        set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
        set(SCMP_FLTATR_CTL_OPTIMIZE, 2); // a binary tree
        set(SCMP_FLTATR_CTL_TSYNC, 1);    // in all threads
    }

    void allow(call_names names)
    {
        for (const char* name : names) add(name, {});
    }

    // Allows a call where all the conditions hold.
    void allow_if(const char* name, std::initializer_list<scmp_arg_cmp> conditions) { add(name, conditions); }

    // 0, or the error number of what went wrong.
    int load()
    {
        if (failure_ == 0) failure_ = -::seccomp_load(context_.get());
        return failure_;
    }

private:
    void set(scmp_filter_attr attribute, std::uint32_t value)
    {
        if (failure_ == 0) failure_ = -::seccomp_attr_set(context_.get(), attribute, value);
    }

    void add(const char* name, std::initializer_list<scmp_arg_cmp> conditions)
    {
        if (failure_ != 0) return;
        const int number = ::seccomp_syscall_resolve_name(name);
        if (number < 0) return; // not on this architecture, or newer than the library
        failure_ = -::seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, number,
                                             static_cast<unsigned>(conditions.size()), conditions.begin());
    }

    std::unique_ptr<void, decltype(&::seccomp_release)> context_;
    int failure_ = 0;
};

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }

// Whether an argument, an int to the kernel, is this one; the upper half of its register may hold anything.
scmp_arg_cmp is_int(unsigned argument, std::uint32_t value)
{
    return {argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, value};
}

scmp_arg_cmp without_bits(unsigned argument, std::uint64_t bits) { return {argument, SCMP_CMP_MASKED_EQ, bits, 0}; }

// What depends on the arguments.
void allow_in_part(filter& calls)
{
    // Sockets that can only be clients.
    for (const int family : {AF_UNIX, AF_INET, AF_INET6}) calls.allow_if("socket", {is_int(0, std::uint32_t(family))});
    calls.allow_if("socketpair", {is_int(0, AF_UNIX)});
    // Above all not TIOCSTI, which types into the terminal.
    for (const int request : {FIONBIO, FIONREAD, FIOCLEX, TCGETS, TIOCGWINSZ}) {
        calls.allow_if("ioctl", {is_int(1, static_cast<std::uint32_t>(request))});
    }
    for (const char* name : {"mmap", "mmap2", "mprotect"}) calls.allow_if(name, {without_bits(2, PROT_EXEC)});
    // Memory that another machine shares is copied by them, lest it vanish in between.
    for (const char* name : {"process_vm_readv", "process_vm_writev"}) {
        calls.allow_if(name, {is_int(0, static_cast<std::uint32_t>(::getpid()))});
    }
    // abort() and raise(), at nobody else.
    calls.allow_if("tgkill", {is_int(0, static_cast<std::uint32_t>(::getpid()))});
    calls.allow_if("prlimit64", {equals(2, 0)}); // reads a limit, sets none
}

std::string failed(const char* what, int number)
{
    return std::string("-sandbox: cannot ") + what + ": " + std::strerror(number);
}

// Keeps the capabilities over files, by which root reaches the files that it was given; no others, now or by a program
// that is started.
std::optional<std::string> drop_capabilities()
{
    for (unsigned long number = 0; ::prctl(PR_CAPBSET_READ, number) >= 0; ++number) {
        if (::prctl(PR_CAPBSET_DROP, number) != 0 && errno != EPERM) return failed("limit capabilities", errno);
    }
    // Kernels before 4.3 have none.
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        return failed("drop ambient capabilities", errno);

    constexpr std::uint32_t k_over_files = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capget, &header, sets) != 0) return failed("read its capabilities", errno);
    for (auto& set : sets) {
        const std::uint32_t kept = &set == sets ? k_over_files : 0;
        set.effective &= kept;
        set.permitted &= kept;
        set.inheritable = 0;
    }
    if (::syscall(SYS_capset, &header, sets) != 0) return failed("drop capabilities", errno);
    return std::nullopt;
}

} // namespace

std::optional<std::string> enter_sandbox(const sandbox_rules& rules, const std::function<void()>& prepare)
{
    const bool elevation = rules.elevateprivileges == sandbox_rules::privileges::allow;
    if (::prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL) return "-sandbox: this kernel cannot filter system calls";
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("give up new privileges", errno);
    if (!elevation) {
        if (auto error = drop_capabilities()) return error;
    }
    if (prepare) prepare();

    filter calls;
    for (const call_names& names : {k_descriptors, k_sockets, k_files, k_memory, k_time, k_process}) calls.allow(names);
    allow_in_part(calls);
    if (rules.obsolete) calls.allow(k_obsolete);
    if (elevation) calls.allow(k_elevation);
    if (rules.spawn) calls.allow(k_spawning);
    if (rules.resourcecontrol) calls.allow(k_resources);
    if (const int error = calls.load()) return failed("filter system calls", error);
    return std::nullopt;
}

} // namespace vigil::sim
