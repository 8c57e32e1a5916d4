using Microsoft.EntityFrameworkCore;

namespace Received.Billing.Store;

/// <summary>
/// The billing database as EF Core sees it. Its schema is <see cref="BillingSchema"/>'s, never EF's: what is stored
/// outlives any version of this class.
/// </summary>
sealed class BillingDb(DbContextOptions<BillingDb> options) : DbContext(options)
{
    public DbSet<AccountRow> Accounts => Set<AccountRow>();

    public DbSet<ApiKeyRow> ApiKeys => Set<ApiKeyRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var account = modelBuilder.Entity<AccountRow>();
        account.ToTable("accounts").HasKey(row => row.Id);
        account.Property(row => row.Id).HasColumnName("id").ValueGeneratedOnAdd();
        account.Property(row => row.Name).HasColumnName("name");
        account.Property(row => row.AllowsNegativeQuantity).HasColumnName("allows_negative_quantity");
        account.Property(row => row.CreatedAtMs).HasColumnName("created_at_ms");

        var key = modelBuilder.Entity<ApiKeyRow>();
        key.ToTable("api_keys").HasKey(row => row.Id);
        key.Property(row => row.Id).HasColumnName("id").ValueGeneratedOnAdd();
        key.Property(row => row.AccountId).HasColumnName("account_id");
        key.Property(row => row.Hash).HasColumnName("hash");
        key.Property(row => row.Scopes).HasColumnName("scopes").HasConversion<int>();
        key.Property(row => row.Label).HasColumnName("label");
        key.Property(row => row.CreatedAtMs).HasColumnName("created_at_ms");
        key.Property(row => row.RevokedAtMs).HasColumnName("revoked_at_ms");
    }
}
