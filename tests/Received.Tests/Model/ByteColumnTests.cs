using CsCheck;
using Received.Model;
using Xunit;

namespace Received.Tests.Model;

public sealed class ByteColumnTests
{
    [Fact]
    public void A_run_of_another_column_is_added_as_its_entries_one_by_one_would_be() =>
        Gen.Select(Entries, Entries, Gen.Int[0, 20], Gen.Int[0, 20]).Sample(
            (there, here, from, count) =>
            {
                from = Math.Min(from, there.Length);
                count = Math.Min(count, there.Length - from);
                var other = Of(there);
                var (byRun, singly) = (Of(here), Of(here));
                byRun.AddRange(other, from, count);
                foreach (var entry in there.AsSpan(from, count)) singly.Add(entry);
                Assert.Equal(singly.Ends, byRun.Ends);
                Assert.Equal(singly.Bytes, byRun.Bytes);
            });

    static readonly Gen<byte[][]> Entries = Gen.Byte.Array[0, 40].Array[0, 20];

    static ByteColumn Of(byte[][] entries)
    {
        var column = new ByteColumn();
        foreach (var entry in entries) column.Add(entry);
        return column;
    }
}
