using Received.Log.Segments;

namespace Received.Tests.Log;

/// <summary>
/// Files in memory that know what a power loss would take: bytes not synced, names not synced, apart. A loss takes all
/// of it, or leaves a random part. Operations fail on demand, power goes away at a given step, room is bounded.
/// </summary>
sealed class ForgetfulFiles : FileLayer
{
    const int PageBytes = 512;
    const int NoSpace = 28;

    readonly Lock _gate = new();
    readonly List<NameChange> _unsynced = [];
    readonly Random _random = new(99);
    readonly Dictionary<string, Inode> _durable = [];
    Dictionary<string, Inode> _names = [];
    int _epoch;
    bool _off;

    /// <summary>Changing operations so far.</summary>
    public int Steps { get; private set; }

    /// <summary>The step at which the power goes, in the middle of it.</summary>
    public int OffAtStep { get; set; } = int.MaxValue;

    /// <summary>
    /// Asked before each changing operation: (operation, file name); an exception is thrown in its place.
    /// </summary>
    public Func<string, string, Exception?> Fault { get; set; } = (_, _) => null;

    public long RoomBytes { get; set; } = long.MaxValue;

    public static IOException Full() => new("No space left on device", NoSpace);

    /// <summary>The process ends: its files are closed, what it wrote stays in the system's memory.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            _epoch++;
            _off = false;
            OffAtStep = int.MaxValue;
        }
    }

    /// <summary>
    /// The power goes and comes back. With <paramref name="kept"/>, a random part of the unsynced survives.
    /// </summary>
    public void LosePower(Random? kept = null)
    {
        lock (_gate)
        {
            if (kept is not null)
            {
                foreach (var change in _unsynced)
                    if (kept.Next(2) == 0) change.Apply(_durable);
            }

            _unsynced.Clear();
            _names = new(_durable);
            foreach (var inode in _names.Values) inode.LosePower(kept);
        }

        Kill();
    }

    /// <summary>The file's bytes as they are, to look at and to damage (damage is on the disk at once).</summary>
    public byte[] Bytes(string path)
    {
        lock (_gate) return [.. _names[path].Volatile];
    }

    public void SetBytes(string path, byte[] bytes)
    {
        lock (_gate) _names[path] = _durable[path] = new() { Volatile = [.. bytes], Durable = [.. bytes] };
    }

    public IReadOnlyList<string> Paths
    {
        get
        {
            lock (_gate) return [.. _names.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>A copy to damage; everything in it is durable.</summary>
    public ForgetfulFiles Copy()
    {
        var copy = new ForgetfulFiles();
        foreach (var path in Paths) copy.SetBytes(path, Bytes(path));
        return copy;
    }

    public override void CreateFolder(string folder)
    {
    }

    public override IReadOnlyList<string> List(string folder) =>
        [.. Paths.Where(path => Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path)!)];

    public override LogFile Open(string path)
    {
        lock (_gate)
        {
            if (_off) throw new IOException("no power");
            return _names.TryGetValue(path, out var inode)
                ? new Handle(this, inode, path, _epoch)
                : throw new FileNotFoundException(path);
        }
    }

    public override LogFile Create(string path, long bytes) => Change("create", path, () =>
    {
        var inode = new Inode { Allocated = bytes };
        Require(bytes - (_names.TryGetValue(path, out var old) ? old.Size : 0));
        Name(new(null, path, inode));
        return new Handle(this, inode, path, _epoch);
    });

    public override void Rename(string from, string to) => Change("rename", to, () =>
    {
        if (!_names.TryGetValue(from, out var inode)) throw new FileNotFoundException(from);
        Name(new(from, to, inode));
        return 0;
    });

    public override void Delete(string path) => Change("delete", path, () =>
    {
        if (_names.ContainsKey(path)) Name(new(path, null, null));
        return 0;
    });

    public override void SyncFolder(string folder) => Change("sync-folder", folder, () =>
    {
        foreach (var change in _unsynced) change.Apply(_durable);
        _unsynced.Clear();
        return 0;
    });

    void Name(NameChange change)
    {
        change.Apply(_names);
        _unsynced.Add(change);
    }

    void Require(long more)
    {
        if (_names.Values.Distinct().Sum(inode => inode.Size) + more > RoomBytes) throw Full();
    }

    T Change<T>(string operation, string path, Func<T> change, Action? partly = null)
    {
        // Outside the lock: a test may hold an operation here while others go on.
        var fault = Fault(operation, Path.GetFileName(path));
        lock (_gate)
        {
            if (_off) throw new IOException("no power");
            if (++Steps >= OffAtStep)
            {
                _off = true;
                // Half of the steps have had their effect already when the power goes.
                if (fault is null && _random.Next(2) == 0) (partly ?? (() => change()))();
                throw new IOException("no power");
            }

            if (fault is not null)
            {
                partly?.Invoke();
                throw fault;
            }

            return change();
        }
    }

    sealed record NameChange(string? Gone, string? Made, Inode? Inode)
    {
        public void Apply(Dictionary<string, Inode> names)
        {
            if (Gone is not null) names.Remove(Gone);
            if (Made is not null) names[Made] = Inode!;
        }
    }

    sealed class Inode
    {
        readonly HashSet<int> _dirty = [];

        public byte[] Volatile { get; set; } = [];

        public byte[] Durable { get; set; } = [];

        public long Allocated { get; set; }

        public long Size => Math.Max(Allocated, Volatile.Length);

        public void Write(ReadOnlySpan<byte> bytes, int position)
        {
            if (Volatile.Length < position + bytes.Length)
            {
                var longer = new byte[position + bytes.Length];
                Volatile.CopyTo(longer, 0);
                Volatile = longer;
            }

            bytes.CopyTo(Volatile.AsSpan(position));
            var last = (position + bytes.Length) / PageBytes;
            for (var page = position / PageBytes; page <= last; page++) _dirty.Add(page);
        }

        public void Sync()
        {
            Durable = [.. Volatile];
            _dirty.Clear();
        }

        public void LosePower(Random? kept)
        {
            if (kept is not null)
            {
                var longer = new byte[kept.Next(2) == 0 ? Volatile.Length : Durable.Length];
                Durable.AsSpan(0, Math.Min(Durable.Length, longer.Length)).CopyTo(longer);
                Durable = longer;
                foreach (var page in _dirty.Where(_ => kept.Next(2) == 0))
                {
                    var at = page * PageBytes;
                    var end = Math.Min(at + PageBytes, Math.Min(Volatile.Length, Durable.Length));
                    if (end > at) Volatile.AsSpan(at..end).CopyTo(Durable.AsSpan(at));
                }
            }

            Volatile = [.. Durable];
            Allocated = 0;
            _dirty.Clear();
        }
    }

    sealed class Handle(ForgetfulFiles files, Inode inode, string path, int epoch) : LogFile
    {
        public override long Length => Alive(() => inode.Volatile.Length);

        public override int Read(Span<byte> target, long position)
        {
            lock (files._gate)
            {
                Require();
                var from = (int)Math.Min(position, inode.Volatile.Length);
                var count = Math.Min(target.Length, inode.Volatile.Length - from);
                inode.Volatile.AsSpan(from, count).CopyTo(target);
                return count;
            }
        }

        public override void Write(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position)
        {
            var bytes = pieces.SelectMany(piece => piece.ToArray()).ToArray();
            // A write that fails, or that the power interrupts, may have written any part.
            files.Change("write", path, () => Put(bytes), () => Put(bytes[..files._random.Next(bytes.Length)]));

            int Put(byte[] part)
            {
                Require();
                files.Require(Math.Max(0, position + part.Length - inode.Size));
                inode.Write(part, (int)position);
                return 0;
            }
        }

        public override void Sync() => files.Change("sync", path, () =>
        {
            Require();
            inode.Sync();
            return 0;
        });

        public override void Truncate(long length) => files.Change("truncate", path, () =>
        {
            Require();
            inode.Volatile = inode.Volatile[..(int)Math.Min(length, inode.Volatile.Length)];
            inode.Allocated = 0;
            return 0;
        });

        public override void Dispose()
        {
        }

        T Alive<T>(Func<T> read)
        {
            lock (files._gate)
            {
                Require();
                return read();
            }
        }

        void Require()
        {
            if (epoch != files._epoch) throw new IOException("a file of an ended process");
        }
    }
}
