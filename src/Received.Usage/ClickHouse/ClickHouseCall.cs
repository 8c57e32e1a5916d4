using System.Net.Sockets;
using ClickHouse.Driver;

namespace Received.Usage.ClickHouse;

/// <summary>
/// One call's bounds: the caller's cancellation and a timeout that runs only while we wait. What fails leaves as a
/// <see cref="StoreUnavailableException"/> or, where the caller gave up, as his cancellation.
/// </summary>
sealed class ClickHouseCall(string server, string user, TimeSpan timeout, CancellationToken cancellation) : IDisposable
{
    readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    public CancellationToken Token => _source.Token;

    public async ValueTask<T> WaitAsync<T>(Func<CancellationToken, Task<T>> work)
    {
        cancellation.ThrowIfCancellationRequested();
        _source.CancelAfter(timeout);
        try
        {
            var answer = await work(Token);
            _source.CancelAfter(Timeout.InfiniteTimeSpan);
            return answer;
        }
        catch (Exception error) when (IsFailure(error))
        {
            cancellation.ThrowIfCancellationRequested();
            throw _source.IsCancellationRequested
                ? ClickHouseFailure.TimedOut(timeout, server, error)
                : ClickHouseFailure.From(error, server, user);
        }
    }

    public StoreUnavailableException Failure(string text) => ClickHouseFailure.FromText(text, server, user);

    public void Dispose() => _source.Dispose();

    static bool IsFailure(Exception error) => error is ClickHouseServerException or HttpRequestException or IOException
        or OperationCanceledException or TimeoutException or ObjectDisposedException or SocketException;
}
