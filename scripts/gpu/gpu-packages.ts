/** A wheel, and the files of it that are installed. */
export type GpuPackage = {
  /** As pip knows it. */
  name: string;
  version: string;
  /** The wheel that is meant, of several of one version. */
  file: string;
  bytes: number;
  sha256: string;
  /** For pip: which Python the wheel says it is for. None of it runs here. */
  tags: { python: string; implementation: string; abi: string; platform: string };
  /** From the name in the wheel to the name in the runtime's folder, and its size. */
  files: readonly { entry: string; as: string; bytes: number }[];
};

/** Release of onnxruntime-node that these files belong to: runtime and provider must be of one build. */
export const GPU_RUNTIME_VERSION = "1.30.0";

/** Licences are installed beside what they are for. */
const license = (entry: string, of: string, bytes: number) => ({ entry, as: `LICENSE.${of}.txt`, bytes });

const CU13 = "nvidia/cu13/lib";
const library = (folder: string, as: string, bytes: number) => ({ entry: `${folder}/${as}`, as, bytes });

const ANY_PYTHON = { python: "3", implementation: "py", abi: "none" };

/**
 * The runtime with its CUDA provider. Its own `libonnxruntime` comes along, of the same commit as that of the package:
 * the two speak through tables that only one build is sure to agree on.
 */
const PROVIDER_PACKAGE: GpuPackage = {
  name: "onnxruntime-gpu",
  version: GPU_RUNTIME_VERSION,
  file: "onnxruntime_gpu-1.30.0-cp311-cp311-manylinux_2_28_x86_64.whl",
  bytes: 246_658_419,
  sha256: "4fbf0c5d7b5fb99266c2e8a802e3e64af68bdc383e0f3c7349b985f1087eedaa",
  tags: { python: "3.11", implementation: "cp", abi: "cp311", platform: "manylinux_2_28_x86_64" },
  files: [
    { entry: "onnxruntime/capi/libonnxruntime.so.1.30.0", as: "libonnxruntime.so.1", bytes: 29_062_976 },
    library("onnxruntime/capi", "libonnxruntime_providers_cuda.so", 272_049_904),
    library("onnxruntime/capi", "libonnxruntime_providers_shared.so", 14_632),
    license("onnxruntime/LICENSE", "onnxruntime", 1_073),
    license("onnxruntime/ThirdPartyNotices.txt", "onnxruntime-third-party", 338_088),
  ],
};

/** CUDA's libraries, for machines whose system has none of this release. The oldest of CUDA 13: it asks least of a driver. */
const CUDA_PACKAGES: readonly GpuPackage[] = [
  {
    name: "nvidia-cuda-runtime",
    version: "13.0.96",
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    bytes: 2_243_632,
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    tags: { ...ANY_PYTHON, platform: "manylinux_2_17_x86_64" },
    files: [
      library(CU13, "libcudart.so.13", 704_288),
      license("nvidia_cuda_runtime-13.0.96.dist-info/licenses/License.txt", "nvidia-cuda-runtime", 59_262),
    ],
  },
  {
    name: "nvidia-cublas",
    version: "13.0.2.14",
    file: "nvidia_cublas-13.0.2.14-py3-none-manylinux_2_27_x86_64.whl",
    bytes: 420_882_912,
    sha256: "0cf238ffdbe46c00cb9aa98e7bca745c223a5ca5a53e686ac8b3e5a08fe80d6c",
    tags: { ...ANY_PYTHON, platform: "manylinux_2_27_x86_64" },
    files: [
      library(CU13, "libcublas.so.13", 54_440_120),
      library(CU13, "libcublasLt.so.13", 539_533_072),
      license("nvidia_cublas-13.0.2.14.dist-info/licenses/License.txt", "nvidia-cublas", 59_262),
    ],
  },
  {
    name: "nvidia-curand",
    version: "10.4.0.35",
    file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
    bytes: 59_544_258,
    sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    tags: { ...ANY_PYTHON, platform: "manylinux_2_27_x86_64" },
    files: [
      library(CU13, "libcurand.so.10", 132_698_328),
      license("nvidia_curand-10.4.0.35.dist-info/licenses/License.txt", "nvidia-curand", 59_262),
    ],
  },
  {
    name: "nvidia-cufft",
    version: "12.0.0.61",
    file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    bytes: 214_085_489,
    sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
    tags: { ...ANY_PYTHON, platform: "manylinux_2_17_x86_64" },
    files: [
      library(CU13, "libcufft.so.12", 286_542_352),
      license("nvidia_cufft-12.0.0.61.dist-info/licenses/License.txt", "nvidia-cufft", 59_262),
    ],
  },
  {
    name: "nvidia-nvjitlink",
    version: "13.0.88",
    file: "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    bytes: 40_713_933,
    sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
    tags: { ...ANY_PYTHON, platform: "manylinux_2_12_x86_64" },
    files: [
      library(CU13, "libnvJitLink.so.13", 98_806_736),
      license("nvidia_nvjitlink-13.0.88.dist-info/licenses/License.txt", "nvidia-nvjitlink", 59_262),
    ],
  },
  {
    name: "nvidia-cuda-nvrtc",
    version: "13.0.88",
    file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    bytes: 90_215_200,
    sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    tags: { ...ANY_PYTHON, platform: "manylinux_2_12_x86_64" },
    files: [
      library(CU13, "libnvrtc.so.13", 109_338_064),
      library(CU13, "libnvrtc-builtins.so.13.0", 4_380_616),
      license("nvidia_cuda_nvrtc-13.0.88.dist-info/licenses/License.txt", "nvidia-cuda-nvrtc", 59_262),
    ],
  },
  {
    name: "nvidia-cudnn-cu13",
    version: "9.15.1.9",
    file: "nvidia_cudnn_cu13-9.15.1.9-py3-none-manylinux_2_27_x86_64.whl",
    bytes: 351_298_418,
    sha256: "ebc9a647918df0d7298d67cfaf41579fd4c78ead9aba246f5ad9414d61b9ec4c",
    tags: { ...ANY_PYTHON, platform: "manylinux_2_27_x86_64" },
    files: [
      library("nvidia/cudnn/lib", "libcudnn.so.9", 125_144),
      library("nvidia/cudnn/lib", "libcudnn_adv.so.9", 107_071_928),
      library("nvidia/cudnn/lib", "libcudnn_cnn.so.9", 4_204_152),
      library("nvidia/cudnn/lib", "libcudnn_engines_precompiled.so.9", 234_908_152),
      library("nvidia/cudnn/lib", "libcudnn_engines_runtime_compiled.so.9", 27_290_312),
      library("nvidia/cudnn/lib", "libcudnn_graph.so.9", 4_457_352),
      library("nvidia/cudnn/lib", "libcudnn_heuristic.so.9", 56_629_720),
      library("nvidia/cudnn/lib", "libcudnn_ops.so.9", 37_758_712),
      license("nvidia_cudnn_cu13-9.15.1.9.dist-info/licenses/License.txt", "nvidia-cudnn", 18_174),
    ],
  },
];

/** All that `gpu install` may bring. */
export const PINNED = { provider: PROVIDER_PACKAGE, cuda: CUDA_PACKAGES };
export type PinnedPackages = typeof PINNED;
