/* Tries, one by one, what would lead out of a box, and prints `name yes|no (why)` for each. Nothing it does outlives it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *arg(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

static int unshare_user(void) { return unshare(CLONE_NEWUSER); }
static int unshare_mount(void) { return unshare(CLONE_NEWNS); }
static int unshare_net(void) { return unshare(CLONE_NEWNET); }
static int add_key(void) { return syscall(SYS_add_key, "user", "probe", "x", 1, -2); }
static int keyctl(void) { return syscall(SYS_keyctl, 0, -3, 0); }
static int bpf(void) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = 4;
  attr.value_size = 4;
  attr.max_entries = 1;
  return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
}
static int perf(void) {
  struct { unsigned type, size; unsigned long long rest[14]; } attr = {0};
  attr.type = 1;
  attr.size = 64;
  return syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
}
static int userfaultfd(void) { return syscall(SYS_userfaultfd, O_CLOEXEC); }
static int io_uring(void) {
  char params[120] = {0};
  return syscall(SYS_io_uring_setup, 1, params);
}
static int handle(void) {
  char raw[24] = {8, 0, 0, 0, 1, 0, 0, 0, 2};
  return syscall(SYS_open_by_handle_at, AT_FDCWD, raw, O_RDONLY);
}
static int load_module(void) { return syscall(SYS_init_module, "", 0, ""); }
static int kexec(void) { return syscall(SYS_kexec_load, 0, 0, 0, 0); }
static int set_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return clock_settime(CLOCK_REALTIME, &now);
}
static int host_name(void) { return sethostname("probe", 5); }
static int mount_tmpfs(void) { return mount("none", "/tmp", "tmpfs", 0, ""); }
static int mount_proc(void) { return mount("proc", "/proc", "proc", 0, ""); }
static int vsock(void) { return socket(40, SOCK_STREAM, 0); }
static int packet(void) { return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)); }
static int raw_ip(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int net_admin(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
  return setsockopt(fd, SOL_SOCKET, 33 /* SO_RCVBUFFORCE */, &one, sizeof one);
}

static const char *scratch(void) { return access("/tmp", W_OK) == 0 ? "/tmp" : "."; }
static char path[512];
static const char *in_scratch(const char *name) {
  snprintf(path, sizeof path, "%s/%s", scratch(), name);
  return path;
}
static int make_node(void) { return mknod(in_scratch("node"), S_IFCHR | 0600, makedev(1, 1)); }
static int use_node(void) {
  if (mknod(in_scratch("disk"), S_IFBLK | 0600, makedev(254, 0)) < 0 && errno != EEXIST) return -1;
  return open(path, O_RDONLY);
}
static int write_to(const char *file, const char *text) {
  int fd = open(file, O_WRONLY);
  if (fd < 0) return -1;
  return text[0] == 0 ? 0 : write(fd, text, strlen(text));
}
static int sysrq(void) { return write_to("/proc/sysrq-trigger", ""); }
static int core_pattern(void) { return write_to("/proc/sys/kernel/core_pattern", ""); }
static int sys_write(void) { return write_to("/sys/kernel/mm/transparent_hugepage/enabled", ""); }
static int cgroup_write(void) { return write_to("/sys/fs/cgroup/cgroup.procs", ""); }
static int kcore(void) { return open("/proc/kcore", O_RDONLY); }
static int kernel_log(void) { return syscall(SYS_syslog, 3, path, sizeof path); }
static int root_write(void) { return open("/probe-was-here", O_CREAT | O_WRONLY, 0600); }

/* A process of the machine, by its number there. */
static int other_process(void) { return ptrace(PTRACE_ATTACH, atoi(arg("HOST_PID")), 0, 0); }
static int signal_host(void) { return kill(atoi(arg("HOST_PID")), 0); }
/* A file of the machine, through the root of the first process. */
static int host_file(void) {
  snprintf(path, sizeof path, "/proc/1/root%s", arg("HOST_FILE"));
  int fd = open(path, O_RDONLY);
  return fd >= 0 ? fd : open(arg("HOST_FILE"), O_RDONLY);
}
static int host_ns(void) {
  int fd = open("/proc/1/ns/mnt", O_RDONLY);
  return fd < 0 ? -1 : setns(fd, 0);
}

static int connect_unix(const char *file) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path, file, sizeof to.sun_path - 1);
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, sizeof to);
}
/* Paths separated by `:`; one that answers is enough. */
static int first_unix(const char *list) {
  char copy[1024];
  strncpy(copy, list, sizeof copy - 1);
  for (char *one = strtok(copy, ":"); one; one = strtok(0, ":"))
    if (connect_unix(one) == 0) return 0;
  return -1;
}
static int engine_socket(void) { return first_unix(arg("ENGINE_SOCKETS")); }
static int our_socket(void) { return first_unix(arg("OUR_SOCKETS")); }

static int connect_to(const char *host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1) return errno = EINVAL, -1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (void *)&to, sizeof to) == 0) return 0;
  if (errno != EINPROGRESS) return -1;
  struct pollfd wait = {.fd = fd, .events = POLLOUT};
  if (poll(&wait, 1, 1500) <= 0) return errno = ETIMEDOUT, -1;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  return error == 0 ? 0 : -1;
}
static const char *gateway(void) {
  static char text[INET_ADDRSTRLEN];
  char line[256];
  unsigned to, by;
  FILE *routes = fopen("/proc/net/route", "r");
  while (routes && fgets(line, sizeof line, routes))
    if (sscanf(line, "%*s %x %x", &to, &by) == 2 && to == 0) return inet_ntop(AF_INET, &by, text, sizeof text);
  return "";
}
static int own_loopback(void) { return connect_to("127.0.0.1", atoi(arg("SERVER_PORT"))); }
static int by_gateway(void) { return connect_to(gateway(), atoi(arg("SERVER_PORT"))); }
static int machine(void) { return connect_to(arg("MACHINE")[0] ? arg("MACHINE") : gateway(), atoi(arg("OPEN_PORT"))); }
/* Nobody has to be there: a network that refuses or is silent is one that was asked. */
static int metadata(void) {
  if (connect_to("169.254.169.254", 80) == 0) return 0;
  return errno == ENETUNREACH || errno == ENETDOWN ? -1 : 0;
}
static int neighbour(void) { return connect_to(arg("NEIGHBOUR"), 8080); }

/* Whether a program that belongs to root gives its rights to somebody who is not root. */
static int setuid_program(const char *self) {
  const char *copy = in_scratch("as-root");
  char text[1024];
  snprintf(text, sizeof text, "cp %s %s && chown 0:0 %s && chmod 4755 %s", self, copy, copy, copy);
  if (system(text) != 0) return errno = EPERM, -1;
  pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) || setuid(65534)) _exit(9);
    execl(copy, copy, "--who", (char *)0);
    _exit(8);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : (errno = EPERM, -1);
}

static const struct { const char *name; int (*attempt)(void); } attempts[] = {
  {"unshare-user", unshare_user}, {"unshare-mount", unshare_mount}, {"unshare-net", unshare_net},
  {"add-key", add_key}, {"keyctl", keyctl}, {"bpf", bpf}, {"perf-events", perf}, {"userfaultfd", userfaultfd},
  {"io-uring", io_uring}, {"open-by-handle", handle}, {"load-module", load_module}, {"kexec", kexec}, {"set-clock", set_clock},
  {"set-hostname", host_name}, {"mount-tmpfs", mount_tmpfs}, {"mount-proc", mount_proc}, {"vsock", vsock},
  {"packet-socket", packet}, {"raw-socket", raw_ip}, {"net-admin", net_admin}, {"make-device-node", make_node},
  {"open-block-device", use_node}, {"sysrq", sysrq}, {"core-pattern", core_pattern}, {"write-sys", sys_write},
  {"write-cgroup", cgroup_write}, {"read-kcore", kcore}, {"kernel-log", kernel_log}, {"write-root", root_write},
  {"ptrace-host-process", other_process}, {"signal-host-process", signal_host}, {"host-file", host_file},
  {"enter-namespace", host_ns}, {"engine-socket", engine_socket}, {"our-sockets", our_socket},
  {"server-on-own-loopback", own_loopback}, {"server-by-gateway", by_gateway}, {"open-port-of-machine", machine},
  {"metadata-address", metadata}, {"neighbour-tenant", neighbour},
};

static void report(const char *name, int result) {
  printf("%s %s (%s)\n", name, result < 0 ? "no" : "yes", result < 0 ? strerrorname_np(errno) : "done");
}

int main(int argc, char **argv) {
  if (argc > 1) return geteuid() == 0 ? 0 : 1;
  for (size_t at = 0; at < sizeof attempts / sizeof *attempts; at++) {
    fflush(stdout);
    /* Each in a process of its own: one that got through must not help the next. */
    pid_t child = fork();
    if (child == 0) {
      report(attempts[at].name, attempts[at].attempt());
      fflush(stdout);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) printf("%s no (signal %d)\n", attempts[at].name, WTERMSIG(status));
  }
  report("setuid-program", setuid_program(argv[0]));
  return 0;
}
