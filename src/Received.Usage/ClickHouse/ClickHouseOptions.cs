using System.ComponentModel.DataAnnotations;

namespace Received.Usage.ClickHouse;

/// <summary>How ClickHouse is reached, for the usage store and the key index alike.</summary>
public sealed class ClickHouseOptions
{
    // A call that takes less is a typing error in another unit, and a day is no bound any more.
    const string TimeoutMin = "00:00:01";
    const string TimeoutMax = "1.00:00:00";

    /// <summary>
    /// "Host=...;Port=8123;Protocol=http;Username=...;Password=...;Database=received". The database is made when it is
    /// missing. Several of us share one database; two logs need two.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// Name of a cluster whose replicas and shards shall hold the tables; empty for one server. Fixed when the tables
    /// are made.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9_.{}-]*$", ErrorMessage = "A cluster's name has letters, digits, '_', '-' and '.'.")]
    public string Cluster { get; set; } = "";

    /// <summary>
    /// Compresses what goes over the network. Off: on loopback it costs a quarter of the rows per second.
    /// </summary>
    public bool Compression { get; set; }

    /// <summary>Until a connection is made.</summary>
    [Range(typeof(TimeSpan), TimeoutMin, TimeoutMax)]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Until a write is answered.</summary>
    [Range(typeof(TimeSpan), TimeoutMin, TimeoutMax)]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Until the first rows of a read come, and between any two of its parts.</summary>
    [Range(typeof(TimeSpan), TimeoutMin, TimeoutMax)]
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// How long a read may look for a moment at which all that it reads is of one position. A writer is between two
    /// positions for some 20 ms a flush.
    /// </summary>
    [Range(typeof(TimeSpan), TimeoutMin, TimeoutMax)]
    public TimeSpan ExactReadTimeout { get; set; } = TimeSpan.FromSeconds(15);
}
