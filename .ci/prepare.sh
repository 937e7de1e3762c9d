# Sourced by samples/run, tests/run, perf/run and .ci/run: installs what is missing on Debian, finds compilers, configures.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'weft: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
# For a mistake in the command line.
refuse() { say "$*"; exit 2; }

# check_choice OPTION VALUE CHOICE...: refuses a value that is none of these.
check_choice() {
  local option=$1 value=$2 choice
  shift 2
  for choice in "$@"; do [ "$value" != "$choice" ] || return 0; done
  refuse "$option: '$value' is none of these: $*"
}
# check_count OPTION VALUE: refuses what is no number of times.
check_count() { [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || refuse "$1: '$2' is not a whole number from 1 on"; }

# has_package NAME: whether what the Debian package NAME gives is there, wherever it came from.
has_package() {
  case $1 in
    catch2) has_header catch2/catch.hpp ;;
    clang-19) command -v clang++-19 >/dev/null ;;
    g++-12-aarch64-linux-gnu) find_compiler gcc-aarch64 >/dev/null ;;
    cmake | doxygen | g++ | git | make | meson | python3) command -v "$1" >/dev/null ;;
    libasio-dev) has_header asio.hpp ;;
    libbenchmark-dev) pkg-config --exists benchmark 2>/dev/null || has_header benchmark/benchmark.h ;;
    # Debian's default version is older, and measures otherwise.
    libboost-context1.81-dev) has_boost 108100 context ;;
    libboost-fiber1.81-dev) has_boost 108100 fiber ;;
    libclang-rt-19-dev) [ -e "$(clang++-19 --print-resource-dir 2>/dev/null)/lib/linux/libclang_rt.asan-$(uname -m).a" ] ;;
    libcli11-dev) has_header CLI/CLI.hpp ;;
    libhwloc-dev) pkg-config --exists hwloc 2>/dev/null ;;
    libjpeg62-turbo-dev) pkg-config --exists libjpeg 2>/dev/null ;;
    libmimalloc-dev) has_header mimalloc.h ;;
    libomp-19-dev) [ -e "$(clang++-19 --print-resource-dir 2>/dev/null)/include/omp.h" ] ;;
    libpng-dev) pkg-config --exists libpng 2>/dev/null ;;
    libsqlite3-dev) pkg-config --exists sqlite3 2>/dev/null ;;
    libssl-dev) pkg-config --exists libcrypto 2>/dev/null ;;
    libtbb-dev) pkg-config --exists tbb 2>/dev/null ;;
    libuv1-dev) pkg-config --exists libuv 2>/dev/null ;;
    liburing-dev) pkg-config --exists liburing 2>/dev/null ;;
    ninja-build) command -v ninja >/dev/null || command -v ninja-build >/dev/null ;;
    pkg-config) command -v pkg-config >/dev/null ;;
    qemu-system-x86) command -v qemu-system-x86_64 >/dev/null ;;
    qemu-user) command -v qemu-aarch64 >/dev/null ;;
    relacy-dev) has_header relacy/relacy.hpp ;;
    lld-19) [ -e "/usr/lib/llvm-19/bin/ld.lld" ] ;;
    llvm-19) command -v llvm-ar-19 >/dev/null ;;
    zlib1g-dev) pkg-config --exists zlib 2>/dev/null ;;
    valgrind) command -v valgrind >/dev/null && has_header valgrind/valgrind.h ;;
    *) dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed ;;
  esac
}

# has_boost VERSION LIBRARY: whether Boost is there in that version or a later one, with the headers of the library.
has_boost() {
  local version
  has_header "boost/$2/fiber.hpp" || has_header "boost/$2/all.hpp" || return 1
  version=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' /usr/include/boost/version.hpp /usr/local/include/boost/version.hpp 2>/dev/null | head -n 1)
  [ "${version:-0}" -ge "$1" ]
}

has_header() { [ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]; }

# need_packages NAME...: installs those that are missing, saying which; leaves apt alone when none is. A name may come twice.
need_packages() {
  local name log missing=() as_root=()
  for name in "$@"; do
    [[ " ${missing[*]} " == *" $name "* ]] || has_package "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null ||
    die "missing here: ${missing[*]} (Debian's names). This is not Debian, so install what they stand for and run this again."
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "missing: ${missing[*]}. You are not root and there is no sudo; as root run: apt-get install ${missing[*]}"
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n)
    "${as_root[@]}" true 2>/dev/null ||
      die "missing: ${missing[*]}. sudo is refused; as root run: apt-get install ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  log=$(mktemp)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >"$log" 2>&1 || true
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "installing failed; as root run: apt-get install ${missing[*]}"
  fi
  rm -f "$log"
  for name in "${missing[@]}"; do
    has_package "$name" || die "$name is installed, yet what it should give was not found."
  done
}

# What every build needs.
base_packages=(g++ meson ninja-build pkg-config python3)
# What input and output go by where it is there, and so what tests, benchmarks and samples are to have.
io_packages=(liburing-dev)
# What the ray tracer needs, which is a sample, a test and a benchmark.
raytracer_packages=(libcli11-dev libjpeg62-turbo-dev libpng-dev)
# What the samples of machines and tiers need, and hwloc for a machine in a file of lstopo.
topology_packages=(libcli11-dev libhwloc-dev)
spillover_packages=(libcli11-dev)
# What the sample that hashes files needs.
file_tree_hash_packages=(libcli11-dev libssl-dev)
# What the server needs, which is a sample and a test.
http_server_packages=(libcli11-dev)
# What the port of old code needs, which is a sample and a test.
legacy_port_packages=(libcli11-dev libsqlite3-dev zlib1g-dev)

# find_compiler gcc|clang[-aarch64]: prints the C++ compiler to use, for this machine or for the other architecture. One whose name has no
# version must be new enough for the headers, as base/platform.hpp has it.
find_compiler() {
  local candidate candidates version oldest=12
  case $1 in
    gcc) candidates=(g++-12 g++) ;;
    gcc-aarch64) candidates=(aarch64-linux-gnu-g++-12 aarch64-linux-gnu-g++) ;;
    clang) candidates=(clang++-{19..39} clang++) oldest=19 ;;
    clang-aarch64)
      candidate=$(find_compiler clang) || return 1
      echo "$candidate --target=aarch64-linux-gnu"
      return 0
      ;;
    *) die "unknown compiler '$1': gcc or clang" ;;
  esac
  for candidate in "${candidates[@]}"; do
    command -v "$candidate" >/dev/null || continue
    if [[ ! $candidate =~ -[0-9]+$ ]]; then
      version=$("$candidate" -dumpversion 2>/dev/null) || continue
      [ "${version%%.*}" -ge $oldest ] || continue
    fi
    echo "$candidate"
    return 0
  done
  return 1
}

# configure_build FOLDER gcc|clang[-aarch64] OPTION...: a meson build in FOLDER; does nothing when it is there with these options.
configure_build() {
  local folder=$1 compiler=$2 cxx wanted name action=() variables=()
  shift 2
  [[ $compiler != *-aarch64 ]] || set -- "--cross-file=$root/.ci/aarch64.cross" "$@"
  cxx=$(find_compiler "$compiler") || die "no $compiler C++ compiler found"
  # What meson finds decides what it builds, so a package that came or went configures again.
  wanted="$cxx $* with"
  for name in catch2 libasio-dev libbenchmark-dev libboost-context1.81-dev libboost-fiber1.81-dev libcli11-dev libhwloc-dev libjpeg62-turbo-dev libmimalloc-dev \
    libomp-19-dev libpng-dev libsqlite3-dev libssl-dev libtbb-dev liburing-dev libuv1-dev relacy-dev valgrind zlib1g-dev; do
    ! has_package "$name" || wanted+=" $name"
  done
  mkdir -p "$folder"
  if [ -e "$folder/build.ninja" ]; then
    [ "$(cat "$folder/.options" 2>/dev/null)" = "$wanted" ] && return 0
    action=(--reconfigure)
  fi
  say "configuring ${folder#"$root"/} ($cxx $*)"
  variables=("CXX=$cxx")
  case "$compiler $*" in
    clang*b_lto=true*) variables+=(AR=llvm-ar-19 CXX_LD=lld) ;;  # GNU ar and ld do not read clang's objects
  esac
  if ! env "${variables[@]}" meson setup "${action[@]}" "$folder" "$root" "$@" >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    die "configuring failed (the log is ${folder#"$root"/}/configure.log)"
  fi
  printf '%s' "$wanted" >"$folder/.options"
}

# build_targets FOLDER WORDS TARGET...: builds these, and says that it does so if there is something to do; shows what ninja said if it fails.
build_targets() {
  local folder=$1 words=$2 log=$1/build.log
  shift 2
  { : >"$log"; } 2>/dev/null || die "${log#"$root"/} cannot be written"
  ninja -C "$folder" -n "$@" 2>/dev/null | grep -q 'no work to do' || say "building $words (optimised)"
  if ! ninja -C "$folder" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "building $words failed"
  fi
}
