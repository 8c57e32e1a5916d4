namespace Received.Log.Segments;

/// <summary>
/// The file operations that durability rests on, and nothing more. <see cref="DiskFiles"/> is the real one; tests put
/// one in its place that forgets what was not synced. Errors are <see cref="IOException"/>.
/// Invariant: after a power loss there is what was synced, and perhaps, in any mixture, some of the rest. A file's
/// bytes and its name are synced apart: <see cref="LogFile.Sync"/> and <see cref="SyncFolder"/>.
/// </summary>
public abstract class FileLayer
{
    /// <summary>Makes the folder and those above it, durably.</summary>
    public abstract void CreateFolder(string folder);

    /// <summary>Names (without folder) of the files in the folder.</summary>
    public abstract IReadOnlyList<string> List(string folder);

    /// <summary>Opens an existing file for reading and writing.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public abstract LogFile Open(string path);

    /// <summary>
    /// A new, empty file in the place of any of that name; room for <paramref name="bytes"/> is allocated.
    /// </summary>
    public abstract LogFile Create(string path, long bytes);

    /// <summary>Replaces a file of the new name.</summary>
    public abstract void Rename(string from, string to);

    /// <summary>Deletes the file; nothing happens where there is none.</summary>
    public abstract void Delete(string path);

    /// <summary>Makes names durable: files that were made, renamed or deleted in the folder.</summary>
    public abstract void SyncFolder(string folder);

    /// <summary>The file's bytes, or null where there is none.</summary>
    public byte[]? ReadWhole(string path)
    {
        try
        {
            using var file = Open(path);
            var bytes = new byte[checked((int)file.Length)];
            return file.Read(bytes, 0) == bytes.Length ? bytes : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Writes a small file so that after a power loss there is all of it under its name, or what was before.
    /// </summary>
    public void WriteWhole(string path, ReadOnlyMemory<byte> bytes)
    {
        var temporary = path + ".tmp";
        using (var file = Create(temporary, bytes.Length))
        {
            file.Write([bytes], 0);
            file.Sync();
        }

        Rename(temporary, path);
        SyncFolder(Path.GetDirectoryName(path)!);
    }
}

/// <summary>An open file; several threads may read at once, one writes.</summary>
public abstract class LogFile : IDisposable
{
    public abstract long Length { get; }

    /// <summary>Reads until the span is full or the file ends; returns the bytes read.</summary>
    public abstract int Read(Span<byte> target, long position);

    /// <summary>Writes all pieces one behind the other, or throws having written any part of them.</summary>
    public abstract void Write(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position);

    /// <summary>
    /// Writes zeros from the file's beginning on. What comes over them should end with a page: a page that is written
    /// in part may have to be read first.
    /// </summary>
    public virtual void WriteZeros(long bytes)
    {
        const int Piece = 1 << 20;
        var zeros = new byte[Math.Min(Piece, bytes)];
        for (long at = 0; at < bytes; at += zeros.Length)
            Write([zeros.AsMemory(0, (int)Math.Min(zeros.Length, bytes - at))], at);
    }

    /// <summary>
    /// Returns when bytes and length are durable. When it throws, everything written since the last success must be
    /// taken for lost: the kernel may have dropped the pages, and a second call would say success.
    /// </summary>
    public abstract void Sync();

    public abstract void Truncate(long length);

    public abstract void Dispose();
}
