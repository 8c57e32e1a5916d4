using Received.Usage;
using Received.Usage.DuckDb;

namespace Received.Tests.Usage;

public sealed class DuckDbRatingStoreTests : RatingStoreContract, IDisposable
{
    readonly DuckDbFolder _folder = new();

    protected override IUsageStore Create(string name) => _folder.Create(name);

    public void Dispose() => _folder.Dispose();
}

public sealed class DuckDbArchiveStoreTests : ArchiveStoreContract, IDisposable
{
    readonly DuckDbFolder _folder = new();

    protected override IUsageStore Create(string name) => _folder.Create(name);

    public void Dispose() => _folder.Dispose();
}

public sealed class DuckDbTotalsStoreTests : TotalsStoreContract, IDisposable
{
    readonly DuckDbFolder _folder = new();

    protected override IUsageStore Create(string name) => _folder.Create(name);

    public void Dispose() => _folder.Dispose();
}

public sealed class DuckDbCycleTotalsStoreTests : CycleTotalsStoreContract, IDisposable
{
    readonly DuckDbFolder _folder = new();

    protected override IUsageStore Create(string name) => _folder.Create(name);

    public void Dispose() => _folder.Dispose();
}

public sealed class DuckDbEventsStoreTests : EventsStoreContract, IDisposable
{
    readonly DuckDbFolder _folder = new();

    protected override IUsageStore Create(string name) => _folder.Create(name);

    public void Dispose() => _folder.Dispose();
}

/// <summary>A folder of databases that is deleted in the end.</summary>
sealed class DuckDbFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("received-usage-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name + ".duckdb");

    public DuckDbUsageStore Create(string name) => new(new() { Path = File(name) });

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
