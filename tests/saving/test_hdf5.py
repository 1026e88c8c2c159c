"""HDF5: plain arrays that lie in the file, and nothing else the format can do."""

import io
import time

import h5py
import numpy as np
import pytest

from babytf.saving.hdf5 import H5Reader, write_h5


def made(build):
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        build(file)
    return out


def read(build, path="layers/dense/vars"):
    with H5Reader(made(build)) as reader:
        return {name: data.read() for name, data in reader.group(path).items()}


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", "<i8", ">i4", "u1", "?"])
def test_arrays_of_any_byte_order_come_back_in_this_machines(dtype):
    values = np.array([[0, 1], [2, 3]]).astype(dtype)
    got = read(lambda file: file.create_dataset("layers/dense/vars/0", data=values))["0"]
    np.testing.assert_array_equal(got, values)
    assert got.dtype == values.dtype.newbyteorder("=")
    assert got.dtype.isnative


def test_nan_infinity_and_scalars_load():
    def build(file):
        file["layers/dense/vars/0"] = np.array([np.nan, np.inf], "float32")
        file["layers/dense/vars/1"] = np.int64(7)
        file["layers/dense/vars/2"] = np.zeros((0, 3), "float32")

    got = read(build)
    np.testing.assert_array_equal(got["0"], [np.nan, np.inf])
    assert got["1"].shape == ()
    assert got["2"].shape == (0, 3)


def test_compressed_and_checksummed_arrays_load():
    values = np.arange(1000, dtype="float32").reshape(100, 10)
    got = read(
        lambda file: file.create_dataset(
            "layers/dense/vars/0", data=values, compression="gzip", shuffle=True, fletcher32=True
        )
    )
    np.testing.assert_array_equal(got["0"], values)


def test_bfloat16_is_widened():
    # 1.0 and -2.5 are 3F80 and C020 in the upper half of a float32.
    def build(file):
        item = file.create_dataset("layers/dense/vars/0", data=np.array([0x3F80, 0xC020], "uint16"))
        item.attrs["dtype"] = "bfloat16"

    got = read(build)["0"]
    np.testing.assert_array_equal(got, np.array([1.0, -2.5], "float32"))
    assert got.dtype == np.float32


def test_what_is_not_there_is_empty():
    assert read(lambda file: file.create_group("layers")) == {}


def test_what_is_written_is_what_keras_writes():
    data = write_h5({"vars": ("m", {}), "layers/dense/vars": ("hidden", {"0": np.ones((2, 3), "float32"), "1": 5})})
    with h5py.File(io.BytesIO(data)) as file:
        assert dict(file["vars"].attrs) == {"name": "m"}
        assert len(file["vars"]) == 0
        assert dict(file["layers/dense/vars"].attrs) == {"name": "hidden"}
        assert file["layers/dense/vars/0"].dtype == "<f4"
        assert file["layers/dense/vars/0"].chunks is None
        assert file["layers/dense/vars/1"][()] == 5


def test_the_same_arrays_make_the_same_bytes():
    groups = {"vars": ("m", {"0": np.ones(3, "float32")})}
    assert write_h5(groups) == write_h5(groups)


@pytest.mark.parametrize("data", [b"", b"not HDF5" * 100])
def test_something_else(data):
    with pytest.raises(ValueError, match="the weights could not be read"):
        H5Reader(io.BytesIO(data))


def read_all(data):
    with H5Reader(io.BytesIO(data)) as reader:
        return [item.read() for item in reader.group("vars").values()]


def test_a_file_cut_short():
    whole = write_h5({"vars": ("m", {"0": np.ones(10000, "float32")})})
    for end in (100, 1000, len(whole) // 2):
        with pytest.raises(ValueError, match="could not be read"):
            read_all(whole[:end])


# --- refused


@pytest.fixture
def canary(tmp_path):
    """A file that must not be opened."""
    path = tmp_path / "canary.h5"
    with h5py.File(path, "w") as file:
        file["vars/0"] = np.ones(4, "float32")
    return path


@pytest.mark.parametrize("where", ["layers/dense/vars/0", "layers/dense/vars", "layers/dense", "layers"])
@pytest.mark.parametrize("kind", ["external", "soft", "external that dangles"])
def test_links(canary, where, kind):
    def build(file):
        file["elsewhere/dense/vars/0"] = np.ones(4, "float32")
        target = {
            "external": h5py.ExternalLink(str(canary), "/vars/0"),
            "soft": h5py.SoftLink("/elsewhere"),
            "external that dangles": h5py.ExternalLink("no_such_file.h5", "/x"),
        }[kind]
        file[where] = target

    with pytest.raises(ValueError, match="is a link that leads elsewhere"):
        read(build)


def test_external_storage(tmp_path):
    raw = tmp_path / "secret.bin"
    raw.write_bytes(b"\x01" * 16)

    def build(file):
        file.create_dataset("layers/dense/vars/0", (4,), "float32", external=[(str(raw), 0, 16)])

    with pytest.raises(ValueError, match="its values lie in another file"):
        read(build)


def test_virtual_data_sets(canary):
    def build(file):
        layout = h5py.VirtualLayout((4,), "float32")
        layout[:] = h5py.VirtualSource(str(canary), "vars/0", (4,))
        file.create_virtual_dataset("layers/dense/vars/0", layout)

    with pytest.raises(ValueError, match="its values lie in another file"):
        read(build)


@pytest.mark.parametrize(
    "make",
    [
        lambda group: group.create_dataset("0", data=np.ones(2, "complex64")),
        lambda group: group.create_dataset("0", data=np.array([b"ab"])),
        lambda group: group.create_dataset("0", data=["text"], dtype=h5py.string_dtype()),
        lambda group: group.create_dataset("0", data=np.zeros(2, [("a", "f4"), ("b", "i4")])),
        lambda group: group.create_dataset("0", (2,), dtype=h5py.vlen_dtype(np.float32)),
        lambda group: group.create_dataset("0", (2,), dtype=h5py.ref_dtype),
        lambda group: group.create_dataset("0", (2,), dtype=np.dtype(("f4", (3,)))),
        lambda group: group.create_dataset("0", data=h5py.Empty("f4")),
        lambda group: group.create_dataset("0", data=np.zeros(2, "V8")),
        lambda group: group.create_dataset("0", data=np.arange(100), chunks=(10,), compression="lzf"),
    ],
)
def test_what_is_no_plain_array(make):
    with pytest.raises(ValueError, match="vars/0 is not an array that is read"):
        read(lambda file: make(file.create_group("layers/dense/vars")))


def test_a_group_in_place_of_an_array_and_an_array_in_place_of_a_group():
    with pytest.raises(ValueError, match="vars/0 is not an array"):
        read(lambda file: file.create_group("layers/dense/vars/0"))
    with pytest.raises(ValueError, match="is not a group"):
        read(lambda file: file.create_dataset("layers/dense", data=1))


@pytest.mark.parametrize("options", [{}, {"chunks": (1 << 20,), "compression": "gzip"}])
def test_a_shape_far_beyond_what_is_stored(options):
    def build(file):
        file.create_dataset("layers/dense/vars/0", (10**12,), "float32", **options)

    started = time.perf_counter()
    with pytest.raises(ValueError, match="of which 0 are stored"):
        read(build)
    assert time.perf_counter() - started < 1


def test_numbers_counts_what_is_stored_once():
    def build(file):
        file["a/0"] = np.ones((2, 3), "float32")
        file["b"] = file["a"]  # a hard link: the same group again
        file["a/loop"] = file["a"]
        file["c"] = np.int64(1)
        file.create_dataset("bomb", (10**12,), "float32", chunks=(1 << 20,))

    with H5Reader(made(build)) as reader:
        assert reader.numbers == 7
