# What Vagrant does not remove when it was killed before it had noted what it was making, and what it never removes:
# the domain of a node and its disk, and with the last node the run's copy of the box's disk.
module NetwrightRemains
  # Seconds that libvirt may need until it has ended what a killed client had begun, such as an upload.
  PATIENCE = 10

  # client: Libvirt::Connect; domain: name of the node's domain; run: part of the names of all that a run makes
  def self.remove(client, domain, run)
    until_done { remove_domain(client, domain) }
    until_done { remove_volumes(client) { |name| name == "#{domain}.img" } }
    names = client.list_all_domains.map(&:name) + pools(client).flat_map(&:list_volumes)
    return if names.any? { |name| name.start_with?("netwright-#{run}-") }

    until_done { remove_volumes(client) { |name| name.start_with?("netwright-VAGRANTSLASH-#{run}-") } }
  end

  def self.remove_domain(client, name)
    domain = client.list_all_domains.find { |one| one.name == name }
    return if domain.nil?

    domain.destroy if domain.active?
    domain.undefine(Libvirt::Domain::UNDEFINE_MANAGED_SAVE | Libvirt::Domain::UNDEFINE_SNAPSHOTS_METADATA)
  end

  def self.pools(client)
    client.list_all_storage_pools.select(&:active?)
  end

  # By name: list_all_volumes of ruby-libvirt 0.8 gives volumes that do not know their own.
  def self.remove_volumes(client, &chosen)
    pools(client).each do |pool|
      pool.list_volumes.select(&chosen).each { |name| pool.lookup_volume_by_name(name).delete }
    end
  end

  # Another node's turn may have removed it between two looks: the next look says so.
  def self.until_done
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE
    begin
      yield
    rescue Libvirt::Error
      raise if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep 0.2
      retry
    end
  end
  private_class_method :remove_domain, :pools, :remove_volumes, :until_done
end
