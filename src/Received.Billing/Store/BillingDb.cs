using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Received.Model;

namespace Received.Billing.Store;

/// <summary>
/// The billing database as EF Core sees it. Its schema is <see cref="BillingSchema"/>'s, never EF's: what is stored
/// outlives any version of this class. Columns are the properties' names in snake_case; enums are their numbers;
/// 128-bit quantities are plain decimals as text.
/// </summary>
sealed class BillingDb(DbContextOptions<BillingDb> options) : DbContext(options)
{
    public DbSet<AccountRow> Accounts => Set<AccountRow>();

    public DbSet<ApiKeyRow> ApiKeys => Set<ApiKeyRow>();

    public DbSet<EntityRow> Entities => Set<EntityRow>();

    public DbSet<CustomerRow> Customers => Set<CustomerRow>();

    public DbSet<ProductRow> Products => Set<ProductRow>();

    public DbSet<ContractRow> Contracts => Set<ContractRow>();

    public DbSet<ContractVersionRow> ContractVersions => Set<ContractVersionRow>();

    public DbSet<CycleRow> Cycles => Set<CycleRow>();

    public DbSet<SeriesCounterRow> SeriesCounters => Set<SeriesCounterRow>();

    public DbSet<InvoiceRow> Invoices => Set<InvoiceRow>();

    public DbSet<ChargeRow> Charges => Set<ChargeRow>();

    public DbSet<PaymentRow> Payments => Set<PaymentRow>();

    public DbSet<AllocationRow> Allocations => Set<AllocationRow>();

    public DbSet<PaymentAttemptRow> PaymentAttempts => Set<PaymentAttemptRow>();

    public DbSet<NoticeRow> Notices => Set<NoticeRow>();

    public DbSet<RefundRow> Refunds => Set<RefundRow>();

    public DbSet<EntryRow> Entries => Set<EntryRow>();

    public DbSet<PostingRow> Postings => Set<PostingRow>();

    public DbSet<ClosedPeriodRow> ClosedPeriods => Set<ClosedPeriodRow>();

    public DbSet<OutboxRow> Outbox => Set<OutboxRow>();

    public DbSet<AuditLogRow> AuditLog => Set<AuditLogRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<Int128>().HaveConversion<QuantityText>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ContractVersionRow>().HasKey(row => new { row.ContractId, row.Number });
        modelBuilder.Entity<SeriesCounterRow>().HasKey(row => new { row.EntityId, row.Series });
        modelBuilder.Entity<PostingRow>().HasKey(row => new { row.EntryId, row.Number });
        modelBuilder.Entity<ClosedPeriodRow>().HasKey(row => new { row.EntityId, row.Period });
        // Two changes of one entry at once: the database lets one through.
        modelBuilder.Entity<EntityRow>().Property(row => row.Version).IsConcurrencyToken();
        modelBuilder.Entity<CustomerRow>().Property(row => row.Version).IsConcurrencyToken();
        modelBuilder.Entity<ProductRow>().Property(row => row.Version).IsConcurrencyToken();
        modelBuilder.Entity<ContractRow>().Property(row => row.LatestVersion).IsConcurrencyToken();
        modelBuilder.Entity<EntryRow>().HasMany(row => row.Postings).WithOne().HasForeignKey(row => row.EntryId);
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            entity.SetTableName(SnakeCase(entity.GetTableName()!));
            foreach (var property in entity.GetProperties()) property.SetColumnName(SnakeCase(property.Name));
        }
    }

    static string SnakeCase(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name)
        {
            if (char.IsUpper(c) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    /// <summary>Never ordered or added up by the database: text, because no database's integer is as wide.</summary>
    sealed class QuantityText() : ValueConverter<Int128, string>(
        scaled => Quantity.Format(scaled), text => Quantity.ParseScaled(text));
}
