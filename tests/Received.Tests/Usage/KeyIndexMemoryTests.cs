using Received.Usage;

namespace Received.Tests.Usage;

/// <summary>Keeps the index that other tests rely on to the same contract.</summary>
public sealed class KeyIndexMemoryTests : KeyIndexContract, IAsyncDisposable
{
    readonly MemoryKeyIndex _index = new();

    public ValueTask DisposeAsync() => _index.DisposeAsync();

    protected override ValueTask<IKeyIndex> OpenAsync() => new(_index);
}
