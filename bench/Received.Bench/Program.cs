using BenchmarkDotNet.Running;
using Received.Bench.Invoices;
using Received.Bench.Load;
using Received.Bench.Replay;

// received-bench micro [BenchmarkDotNet's options]     the steps of the hot path, one by one
// received-bench replay [--events N] [--keyed] [...]  a stored log rated and archived through the real adapters
// received-bench invoices [--contracts N] [--windows N]   an invoice run through the real stores
// received-bench load --url URL --key KEY [...]        a server under load, from a process of its own
switch (args.FirstOrDefault())
{
    case "micro":
        BenchmarkSwitcher.FromAssembly(typeof(LoadOptions).Assembly).Run(args[1..]);
        return 0;
    case "replay":
        return await ReplayRun.RunAsync(args[1..]);
    case "load":
        return await LoadRun.RunAsync(args[1..]);
    case "invoices":
        return await InvoiceBench.RunAsync(args[1..]);
    default:
        Console.Error.WriteLine(
            "usage: received-bench micro [...] | replay [...] | invoices [...] | load --url URL --key KEY [...]");
        return 2;
}
