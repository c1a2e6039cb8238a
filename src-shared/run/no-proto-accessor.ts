// Removes `__proto__` from all objects of this process, as Node's --disable-proto does: a key of that name from a file cannot change a prototype.
Reflect.deleteProperty(Object.prototype, '__proto__')
