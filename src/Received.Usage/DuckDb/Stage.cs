namespace Received.Usage.DuckDb;

/// <summary>Rows to the staging tables, column by column in the order of Staging.sql.</summary>
static class Stage
{
    public static int Progress(DuckDbAppender to, RatedBatch batch)
    {
        var row = batch.Progress;
        to.Set(0, row.Partition.Value);
        to.Set(1, row.Generation);
        to.Set(2, row.Next);
        to.Set(3, row.LastChecksum);
        to.Set(4, row.LogTimeMs);
        to.Set(5, row.KeysNext);
        to.Set(6, row.KeysLogTimeMs);
        to.EndRow();
        return 1;
    }

    public static int Series(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Series)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Id);
            to.Set(2, row.Account.Value);
            to.SetBytes(3, DuckDbSession.Utf8(row.CustomerRef));
            to.SetBytes(4, DuckDbSession.Utf8(row.ProductRef));
            to.SetBytes(5, DuckDbSession.Utf8(row.Currency));
            to.SetBytes(6, DuckDbSession.Utf8(row.EntityRef));
            to.EndRow();
        }

        return batch.Series.Count;
    }

    public static int Totals(DuckDbAppender to, RatedBatch batch)
    {
        foreach (ref readonly var row in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch.Totals))
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Series);
            to.Set(2, row.Window);
            to.Set(3, row.Sum);
            to.Set(4, row.Count);
            to.Set(5, row.Min);
            to.Set(6, row.Max);
            to.Set(7, row.Last);
            to.Set(8, row.LastAtMs);
            to.Set(9, row.Generation);
            to.Set(10, row.Offset);
            to.Set(11, row.Index);
            to.EndRow();
        }

        return batch.Totals.Count;
    }

    public static int Fates(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Fates)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Generation);
            to.Set(2, row.Offset);
            to.Set(3, row.Index);
            to.Set(4, row.Account.Value);
            to.Set(5, (byte)row.Fate);
            to.Set(6, (byte)row.Reason);
            to.Set(7, row.EventCount);
            if (row.Original is { } original)
            {
                to.Set(8, original.Partition.Value);
                to.Set(9, original.Generation);
                to.Set(10, original.Offset);
                to.Set(11, original.Index);
            }
            else
            {
                for (var column = 8; column <= 11; column++) to.SetNull(column);
            }

            to.EndRow();
        }

        return batch.Fates.Count;
    }

    public static int Names(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Names)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Account.Value);
            to.Set(2, (byte)row.Kind);
            to.SetBytes(3, DuckDbSession.Utf8(row.Ref));
            to.SetBytes(4, DuckDbSession.Utf8(row.Name));
            to.Set(5, row.Generation);
            to.Set(6, row.Offset);
            to.Set(7, row.Index);
            to.Set(8, row.TimeMs);
            to.EndRow();
        }

        return batch.Names.Count;
    }

    public static int Producers(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Producers)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.ProducerId);
            to.Set(2, row.LastNumber);
            to.Set(3, row.SeenBits);
            to.Set(4, row.LogTimeMs);
            to.EndRow();
        }

        return batch.Producers.Count;
    }

    public static int Heartbeat(DuckDbAppender to, Heartbeat row)
    {
        to.Set(0, row.Partition.Value);
        to.Set(1, row.Head);
        to.Set(2, row.ObservedAtMs);
        to.Set(3, row.Rated);
        to.EndRow();
        return 1;
    }
}
