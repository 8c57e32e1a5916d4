using System.Buffers.Binary;
using System.IO.Hashing;

namespace Received.Usage.Runs;

/// <summary>
/// A run file: header, blocks of records by (partition, identity, position), footer. Little-endian.
/// Header, 64 bytes: "RCVK", version 2 bytes, zero 2, first and last number 8 + 8, footer's offset 8, footer's length
/// 4, sections 4, records 8, checksum of the footer 8, checksum of the header 8.
/// Block: checksum 8 (of its records, seeded with its place, so that a block elsewhere is none), up to 85 records.
/// Footer, for each section: partition 2, generations of what was before and of its newest 2 + 2, zero 2, records 8,
/// offset 8, oldest and newest log time 8 + 8, log time from which all was kept 8, frame after and log time of what was
/// before 8 + 8, frame after its newest 8, blocks 4, zero 4, then each block's first identity 16.
/// </summary>
static class RunFormat
{
    public const int HeaderBytes = 64;
    public const int ChecksumBytes = sizeof(ulong);

    /// <summary>One page of most disks and of the page cache: what a look-up reads.</summary>
    public const int BlockRecords = 85;

    public const int BlockBytes = ChecksumBytes + (BlockRecords * RunRecord.Bytes);

    const uint Magic = 0x4B564352;
    const ushort Version = 2;
    const int SectionBytes = 80;
    const int IdentityBytes = 16;

    public static ulong BlockChecksum(ReadOnlySpan<byte> records, RunRange range, long offset) =>
        XxHash3.HashToUInt64(records, unchecked((range.First * 31) + (range.Last * 17) + offset));

    public static byte[] WriteFooter(IReadOnlyList<RunSection> sections)
    {
        var bytes = new byte[sections.Sum(section => SectionBytes + (section.Firsts.Length * IdentityBytes))];
        var at = bytes.AsSpan();
        foreach (var section in sections)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(at, section.Partition.Value);
            BinaryPrimitives.WriteUInt16LittleEndian(at[2..], section.Previous.Generation);
            BinaryPrimitives.WriteUInt16LittleEndian(at[4..], section.Reach.Generation);
            BinaryPrimitives.WriteInt64LittleEndian(at[8..], section.Records);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], section.Offset);
            BinaryPrimitives.WriteInt64LittleEndian(at[24..], section.OldestMs);
            BinaryPrimitives.WriteInt64LittleEndian(at[32..], section.NewestMs);
            BinaryPrimitives.WriteInt64LittleEndian(at[40..], section.KeptFromMs);
            BinaryPrimitives.WriteInt64LittleEndian(at[48..], section.Previous.Next);
            BinaryPrimitives.WriteInt64LittleEndian(at[56..], section.Previous.LogTimeMs);
            BinaryPrimitives.WriteInt64LittleEndian(at[64..], section.Reach.Next);
            BinaryPrimitives.WriteInt32LittleEndian(at[72..], section.Firsts.Length);
            at = at[SectionBytes..];
            foreach (var first in section.Firsts)
            {
                BinaryPrimitives.WriteUInt128LittleEndian(at, first);
                at = at[IdentityBytes..];
            }
        }

        return bytes;
    }

    public static byte[] WriteHeader(RunRange range, IReadOnlyList<RunSection> sections, long footerAt, byte[] footer)
    {
        var bytes = new byte[HeaderBytes];
        var at = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(at, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(at[4..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(at[8..], range.First);
        BinaryPrimitives.WriteInt64LittleEndian(at[16..], range.Last);
        BinaryPrimitives.WriteInt64LittleEndian(at[24..], footerAt);
        BinaryPrimitives.WriteInt32LittleEndian(at[32..], footer.Length);
        BinaryPrimitives.WriteInt32LittleEndian(at[36..], sections.Count);
        BinaryPrimitives.WriteInt64LittleEndian(at[40..], sections.Sum(section => section.Records));
        BinaryPrimitives.WriteUInt64LittleEndian(at[48..], XxHash3.HashToUInt64(footer));
        BinaryPrimitives.WriteUInt64LittleEndian(at[56..], XxHash3.HashToUInt64(at[..56]));
        return bytes;
    }

    /// <exception cref="KeyIndexCorruptException">It is not a header of this run.</exception>
    public static RunHeader ReadHeader(ReadOnlySpan<byte> bytes, RunRange range, string path)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[56..]) != XxHash3.HashToUInt64(bytes[..56]))
            throw new KeyIndexCorruptException(path, "its header does not match its checksum");
        var version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        if (version != Version)
            throw new KeyIndexCorruptException(path, $"its version is {version}, this program knows {Version}");
        if (new RunRange(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..])) != range)
            throw new KeyIndexCorruptException(path, "its header names another run");
        return new(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]));
    }

    /// <exception cref="KeyIndexCorruptException">It is not the footer that the header describes.</exception>
    public static RunSection[] ReadFooter(ReadOnlySpan<byte> bytes, RunHeader header, string path)
    {
        if (bytes.Length != header.FooterBytes || XxHash3.HashToUInt64(bytes) != header.FooterChecksum)
            throw new KeyIndexCorruptException(path, "its footer does not match its checksum");
        var sections = new RunSection[header.Sections];
        for (var i = 0; i < sections.Length; i++)
        {
            sections[i] = ReadSection(bytes);
            bytes = bytes[(SectionBytes + (sections[i].Firsts.Length * IdentityBytes))..];
        }

        return sections;
    }

    static RunSection ReadSection(ReadOnlySpan<byte> bytes)
    {
        var firsts = new UInt128[BinaryPrimitives.ReadInt32LittleEndian(bytes[72..])];
        for (var block = 0; block < firsts.Length; block++)
            firsts[block] = BinaryPrimitives.ReadUInt128LittleEndian(
                bytes[(SectionBytes + (block * IdentityBytes))..]);
        var newestMs = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]);
        return new(
            new(BinaryPrimitives.ReadUInt16LittleEndian(bytes)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            newestMs,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            new(
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[56..])),
            new(
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[64..]), newestMs),
            firsts);
    }
}

readonly record struct RunHeader(long FooterAt, int FooterBytes, int Sections, long Records, ulong FooterChecksum);
