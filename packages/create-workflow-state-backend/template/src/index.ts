export { myBackend, MyPlace, type MyBackendOptions } from './my-backend.js';
