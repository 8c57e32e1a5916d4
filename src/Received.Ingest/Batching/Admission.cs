using Microsoft.Extensions.Options;
using Received.Model;

namespace Received.Ingest.Batching;

enum AdmissionOutcome : byte
{
    Admitted,

    /// <summary>The account holds its share: 429.</summary>
    AccountFull,

    /// <summary>All accounts together hold what may be held: 503.</summary>
    ServerFull,
}

/// <summary>
/// Counts the bytes of bodies that are being read or wait for the log, so that no queue is without end and no account
/// takes all the room. Reserved as bodies grow, given back when the answer is written.
/// </summary>
sealed class Admission(IOptions<IngestOptions> options, TimeProvider time)
{
    readonly Lock _gate = new();
    readonly Dictionary<AccountId, long> _byAccount = [];
    readonly long _bytesMax = options.Value.BytesInFlightMax;
    readonly long _accountBytesMax = (long)options.Value.BytesInFlightMax * options.Value.AccountSharePercent / 100;
    readonly TimeSpan _wait = options.Value.RoomWait;
    long _bytes;
    TaskCompletionSource? _room;

    /// <summary>Reserves bytes, waiting for a short while where there is no room at once.</summary>
    public ValueTask<AdmissionOutcome> EnterAsync(AccountId account, int bytes, CancellationToken cancellation)
    {
        var outcome = TryEnter(account, bytes, out _);
        return outcome == AdmissionOutcome.Admitted ? new(outcome) : new(WaitAsync(account, bytes, cancellation));
    }

    public void Leave(AccountId account, int bytes)
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            _bytes -= bytes;
            if ((_byAccount[account] -= bytes) == 0) _byAccount.Remove(account);
            room = _room;
            _room = null;
        }

        room?.SetResult();
    }

    async Task<AdmissionOutcome> WaitAsync(AccountId account, int bytes, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var outcome = TryEnter(account, bytes, out var room);
            var left = _wait - time.GetElapsedTime(began);
            if (outcome == AdmissionOutcome.Admitted || left <= TimeSpan.Zero) return outcome;
            try
            {
                await room.WaitAsync(left, time, cancellation);
            }
            catch (TimeoutException)
            {
                return TryEnter(account, bytes, out _);
            }
        }
    }

    /// <param name="room">Completes when someone has left.</param>
    AdmissionOutcome TryEnter(AccountId account, int bytes, out Task room)
    {
        lock (_gate)
        {
            room = Task.CompletedTask;
            var held = _byAccount.GetValueOrDefault(account);
            var outcome = held + bytes > _accountBytesMax ? AdmissionOutcome.AccountFull
                : _bytes + bytes > _bytesMax ? AdmissionOutcome.ServerFull
                : AdmissionOutcome.Admitted;
            if (outcome == AdmissionOutcome.Admitted)
            {
                _bytes += bytes;
                _byAccount[account] = held + bytes;
            }
            else
            {
                _room ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _room.Task;
            }

            return outcome;
        }
    }
}
