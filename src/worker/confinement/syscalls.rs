//! Numbers of system calls: the kernel's promise to programs, fixed for ever
//! (`arch/x86/entry/syscalls/syscall_64.tbl`; `include/uapi/asm-generic/unistd.h`, which aarch64 and riscv64 use).

/// Declares constants: name = number on x86_64, number on aarch64 and riscv64.
macro_rules! numbers {
    ($($name:ident = $x86_64:literal, $generic:literal;)+) => {
        $(pub(super) const $name: i64 = if cfg!(target_arch = "x86_64") { $x86_64 } else { $generic };)+
    };
}

numbers! {
    READ = 0, 63;
    WRITE = 1, 64;
    CLOSE = 3, 57;
    READV = 19, 65;
    WRITEV = 20, 66;
    RECVFROM = 45, 207;
    MUNMAP = 11, 215;
    MREMAP = 25, 216;
    MADVISE = 28, 233;
    BRK = 12, 214;
    FUTEX = 202, 98;
    GETRANDOM = 318, 278;
    CLOCK_GETTIME = 228, 113;
    GETTIMEOFDAY = 96, 169;
    GETPID = 39, 172;
    GETTID = 186, 178;
    RT_SIGACTION = 13, 134;
    RT_SIGPROCMASK = 14, 135;
    RT_SIGRETURN = 15, 139;
    SIGALTSTACK = 131, 132;
    EXIT = 60, 93;
    EXIT_GROUP = 231, 94;
    RESTART_SYSCALL = 219, 128;
    SCHED_YIELD = 24, 124;
    SENDTO = 44, 206;
    MMAP = 9, 222;
    MPROTECT = 10, 226;
    TGKILL = 234, 131;
    SOCKET = 41, 198;
    CONNECT = 42, 203;
    BIND = 49, 200;
    LISTEN = 50, 201;
    ACCEPT = 43, 202;
    ACCEPT4 = 288, 242;
    PTRACE = 101, 117;
    PROCESS_VM_READV = 310, 270;
    PROCESS_VM_WRITEV = 311, 271;
    PIDFD_GETFD = 438, 438;
    KCMP = 312, 272;
    IO_URING_SETUP = 425, 425;
    IO_URING_ENTER = 426, 426;
    IO_URING_REGISTER = 427, 427;
    MOUNT = 165, 40;
    UMOUNT2 = 166, 39;
    MOVE_MOUNT = 429, 429;
    OPEN_TREE = 428, 428;
    FSOPEN = 430, 430;
    FSMOUNT = 432, 432;
    FSPICK = 433, 433;
    FSCONFIG = 431, 431;
    MOUNT_SETATTR = 442, 442;
    PIVOT_ROOT = 155, 41;
    CHROOT = 161, 51;
    UNSHARE = 272, 97;
    SETNS = 308, 268;
    BPF = 321, 280;
    PERF_EVENT_OPEN = 298, 241;
    USERFAULTFD = 323, 282;
    KEYCTL = 250, 219;
    ADD_KEY = 248, 217;
    REQUEST_KEY = 249, 218;
    INIT_MODULE = 175, 105;
    FINIT_MODULE = 313, 273;
    DELETE_MODULE = 176, 106;
    KEXEC_LOAD = 246, 104;
    KEXEC_FILE_LOAD = 320, 294;
    REBOOT = 169, 142;
    SWAPON = 167, 224;
    SWAPOFF = 168, 225;
    QUOTACTL = 179, 60;
    OPEN_BY_HANDLE_AT = 304, 265;
    NAME_TO_HANDLE_AT = 303, 264;
    ACCT = 163, 89;
    SETTIMEOFDAY = 164, 170;
    CLOCK_SETTIME = 227, 112;
}

/// What a worker may call with whatever arguments: memory, time, randomness, its socket and its own end.
pub(super) const FOR_WORK: &[i64] = &[
    READ,
    WRITE,
    CLOSE,
    READV,
    WRITEV,
    RECVFROM,
    MUNMAP,
    MREMAP,
    MADVISE,
    BRK,
    FUTEX,
    GETRANDOM,
    CLOCK_GETTIME,
    GETTIMEOFDAY,
    GETPID,
    GETTID,
    RT_SIGACTION,
    RT_SIGPROCMASK,
    RT_SIGRETURN,
    SIGALTSTACK,
    EXIT,
    EXIT_GROUP,
    RESTART_SYSCALL,
    SCHED_YIELD,
];

/// What the spawner must not call: sockets (a pair of them, connected to each other, is `socketpair` and allowed), other
/// processes' memory, and everything that changes the machine.
pub(super) const NOT_FOR_SPAWNING: &[i64] = &[
    SOCKET,
    CONNECT,
    BIND,
    LISTEN,
    ACCEPT,
    ACCEPT4,
    PTRACE,
    PROCESS_VM_READV,
    PROCESS_VM_WRITEV,
    PIDFD_GETFD,
    KCMP,
    IO_URING_SETUP,
    IO_URING_ENTER,
    IO_URING_REGISTER,
    MOUNT,
    UMOUNT2,
    MOVE_MOUNT,
    OPEN_TREE,
    FSOPEN,
    FSMOUNT,
    FSPICK,
    FSCONFIG,
    MOUNT_SETATTR,
    PIVOT_ROOT,
    CHROOT,
    UNSHARE,
    SETNS,
    BPF,
    PERF_EVENT_OPEN,
    USERFAULTFD,
    KEYCTL,
    ADD_KEY,
    REQUEST_KEY,
    INIT_MODULE,
    FINIT_MODULE,
    DELETE_MODULE,
    KEXEC_LOAD,
    KEXEC_FILE_LOAD,
    REBOOT,
    SWAPON,
    SWAPOFF,
    QUOTACTL,
    OPEN_BY_HANDLE_AT,
    NAME_TO_HANDLE_AT,
    ACCT,
    SETTIMEOFDAY,
    CLOCK_SETTIME,
];
